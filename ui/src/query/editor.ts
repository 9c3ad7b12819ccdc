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
import { WORD_OPERATORS } from '../../../src/filter/expression.ts';
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
  /** Cursor position, if the user was typing. */
  readonly cursor: number | undefined;
  readonly onChange: (text: string) => void;
  readonly onSubmit: (text: string) => void;
}

const language = LRLanguage.define({
  parser: parser.configure({
    props: [
      styleTags({
        [`Service Edge id and or not ${WORD_OPERATORS.join(' ')}`]: tags.keyword,
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

/** Enter accepts a completion only if it was chosen with an arrow key; typing clears the choice. */
const unselectOnChange = EditorState.transactionExtender.of((transaction) =>
  transaction.docChanged ? { effects: setSelectedCompletion(-1) } : null,
);

/** Accepts the chosen completion, or the first one. */
function takeCompletion(view: EditorView): boolean {
  if (selectedCompletionIndex(view.state) === null) view.dispatch({ effects: setSelectedCompletion(0) });
  return acceptCompletion(view);
}

/** Tab accepts a completion, even one that is still loading. In an empty box it moves the focus. */
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

/** A single-line editor for X-Ray's filter expressions, with the grammar of the store. */
export function createEditor(parent: HTMLElement, { text, cursor, onChange, onSubmit }: EditorDeps): Editor {
  const run = (view: EditorView): boolean => {
    // Even one that is still loading.
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
        Prec.high(
          keymap.of(
            completionKeymap.map((binding) =>
              binding.run === startCompletion ? { ...binding, run: askCompletion } : binding,
            ),
          ),
        ),
        keymap.of([{ key: 'Enter', run }, { key: 'Escape', run: leave }, ...historyKeymap, ...defaultKeymap]),
        // Line breaks of a paste become spaces.
        EditorState.transactionFilter.of((transaction) =>
          transaction.newDoc.lines > 1 ? [oneLine(transaction.newDoc.toString(), transaction.startState)] : transaction,
        ),
        placeholder(PLACEHOLDER),
        // It is focusable anyway; the tabindex tells accessibility checkers that the scrollable box is.
        EditorView.contentAttributes.of({
          'aria-label': LABEL,
          'aria-describedby': HINT_ID,
          spellcheck: 'false',
          tabindex: '0',
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
          if (!update.focusChanged) return;
          // Even one that is still loading: it would open after the focus has moved on.
          if (!update.view.hasFocus) closeCompletion(update.view);
          else if (update.state.doc.length === 0) startCompletion(update.view);
        }),
      ],
    }),
  });
  // Inserted as typed text, so that completions are offered.
  if (cursor !== undefined)
    view.dispatch({ changes: { from: 0, insert: text }, selection: { anchor: cursor }, userEvent: 'input.type' });
  return {
    set: (next) => {
      if (next !== view.state.doc.toString())
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      // Its beginning is what the reader recognizes it by; without a text it is the placeholder.
      if (!view.hasFocus || next === '') view.scrollDOM.scrollLeft = 0;
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
