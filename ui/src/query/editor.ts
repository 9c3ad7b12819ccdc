import {
  acceptCompletion,
  autocompletion,
  closeCompletion,
  completionKeymap,
  completionStatus,
  selectedCompletionIndex,
  setSelectedCompletion,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { LRLanguage, syntaxHighlighting } from '@codemirror/language';
import { linter } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, highlightSpecialChars, keymap, placeholder } from '@codemirror/view';
import { styleTags, tagHighlighter, tags } from '@lezer/highlight';
import { parser } from '../../../src/filter/parser.ts';
import { askCompletion, asked, isAsked } from './asked.ts';
import { complete } from './completion.ts';
import { CONTROLS, visible } from '../visible.ts';
import { HINT_ID, LABEL, PLACEHOLDER } from './labels.ts';
import { mistakeIn } from './mistake.ts';
import { readingOf } from './reading.ts';
import { completeText } from './text-completion.ts';

export interface Editor {
  set(text: string): void;
  focus(): void;
  destroy(): void;
}

export interface EditorDeps {
  readonly text: string;
  /** Where the cursor is, when `text` was just being written. */
  readonly cursor: number | undefined;
  readonly onChange: (text: string) => void;
  readonly onSubmit: (text: string) => void;
}

const language = LRLanguage.define({
  parser: parser.configure({
    props: [
      styleTags({
        'Service Edge id and or not contains beginswith endswith': tags.keyword,
        'Name/Word': tags.propertyName,
        Bracket: tags.attributeName,
        'Symbol Bang': tags.operator,
        'String JsonLiteral': tags.string,
        'Number true false': tags.literal,
      }),
    ],
  }),
});

const colours = tagHighlighter([
  { tag: tags.keyword, class: 'fx-keyword' },
  { tag: tags.operator, class: 'fx-operator' },
  { tag: tags.string, class: 'fx-string' },
  { tag: tags.literal, class: 'fx-literal' },
]);

function shownControl(code: number): HTMLElement {
  const shown = document.createElement('span');
  shown.textContent = visible(String.fromCharCode(code));
  return shown;
}

/** What is taken by Enter was chosen with an arrow key, and what is written on afterwards is no choice. */
const unselectOnChange = EditorState.transactionExtender.of((transaction) =>
  transaction.docChanged ? { effects: setSelectedCompletion(-1) } : null,
);

/** Takes the first completion, or the one that was chosen. */
function takeCompletion(view: EditorView): boolean {
  if (selectedCompletionIndex(view.state) === null) view.dispatch({ effects: setSelectedCompletion(0) });
  return acceptCompletion(view);
}

/** Tab takes a completion, also one that is still being looked for. In an empty box it leaves. */
function tabCompletion() {
  let isWaiting = false;
  const run = (view: EditorView): boolean => {
    const status = completionStatus(view.state);
    if (status === null || view.state.doc.length === 0) return false;
    if (status === 'active') return takeCompletion(view);
    isWaiting = true;
    return true;
  };
  return [
    Prec.high(keymap.of([{ key: 'Tab', run }])),
    EditorView.updateListener.of(({ view, docChanged }) => {
      if (docChanged) isWaiting = false;
      const status = isWaiting ? completionStatus(view.state) : 'pending';
      if (status === 'pending') return;
      isWaiting = false;
      if (status === 'active') takeCompletion(view);
    }),
  ];
}

/** One line of X-Ray's filter expressions, with the grammar that the store reads them with. */
export function createEditor(parent: HTMLElement, { text, cursor, onChange, onSubmit }: EditorDeps): Editor {
  const run = (view: EditorView): boolean => {
    // Also one that is still being looked for.
    closeCompletion(view);
    onSubmit(view.state.doc.toString());
    return true;
  };
  const leave = (view: EditorView): boolean => {
    view.contentDOM.blur();
    return true;
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: cursor === undefined ? text : '',
      extensions: [
        language,
        syntaxHighlighting(colours),
        history(),
        highlightSpecialChars({ addSpecialChars: CONTROLS, render: shownControl }),
        autocompletion({
          override: [(context) => complete(context, isAsked(context)), completeText],
          icons: false,
          defaultKeymap: false,
          selectOnOpen: false,
          interactionDelay: 0,
        }),
        unselectOnChange,
        tabCompletion(),
        linter(mistakes, { delay: 300 }),
        asked,
        Prec.high(keymap.of(completionKeymap.map((binding) => (binding.run === startCompletion ? { ...binding, run: askCompletion } : binding)))),
        keymap.of([{ key: 'Enter', run }, { key: 'Escape', run: leave }, ...historyKeymap, ...defaultKeymap]),
        // A paste may have line breaks; they mean no more than a space.
        EditorState.transactionFilter.of((transaction) =>
          transaction.newDoc.lines > 1 ? [oneLine(transaction.newDoc.toString(), transaction.startState)] : transaction,
        ),
        placeholder(PLACEHOLDER),
        // It takes the focus by itself; with a tabindex, tools that look for what scrolls and cannot be focused see it too.
        EditorView.contentAttributes.of({ 'aria-label': LABEL, 'aria-describedby': HINT_ID, spellcheck: 'false', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
          if (!update.focusChanged) return;
          // Also one that is still being looked for: it would open when the reader is elsewhere.
          if (!update.view.hasFocus) closeCompletion(update.view);
          else if (update.state.doc.length === 0) startCompletion(update.view);
        }),
      ],
    }),
  });
  // As if it had been written here, so that completions are offered for it.
  if (cursor !== undefined) view.dispatch({ changes: { from: 0, insert: text }, selection: { anchor: cursor }, userEvent: 'input.type' });
  return {
    set: (next) => {
      if (next !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function oneLine(text: string, state: EditorState) {
  const insert = text.replaceAll(/\s*\n\s*/g, ' ');
  return { changes: { from: 0, to: state.doc.length, insert }, selection: { anchor: insert.length } };
}

function mistakes({ state }: EditorView) {
  const text = state.doc.toString();
  const mistake = readingOf(text).kind === 'mistake' ? mistakeIn(text) : undefined;
  if (mistake === undefined) return [];
  const from = Math.max(0, Math.min(mistake.position, text.length - 1));
  const to = Math.min(text.length, from + (/^\w+/.exec(text.slice(from))?.[0].length ?? 1));
  return [{ from, to, severity: 'error' as const, message: mistake.xray }];
}
