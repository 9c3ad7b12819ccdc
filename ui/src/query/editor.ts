import { autocompletion, completionKeymap, startCompletion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { LRLanguage, syntaxHighlighting } from '@codemirror/language';
import { linter } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { styleTags, tagHighlighter, tags } from '@lezer/highlight';
import { parser } from '../../../src/xray/filter/parser.ts';
import { problemOf } from '../search.ts';
import { traceIdIn } from '../trace-id.ts';
import { complete } from './completion.ts';

export interface Editor {
  set(text: string): void;
  focus(): void;
  destroy(): void;
}

export interface EditorDeps {
  readonly text: string;
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

/** One line of X-Ray's filter expressions, with the grammar that the store reads them with. */
export function createEditor(parent: HTMLElement, { text, onChange, onSubmit }: EditorDeps): Editor {
  const run = (view: EditorView): boolean => {
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
      doc: text,
      extensions: [
        language,
        syntaxHighlighting(colours),
        history(),
        autocompletion({ override: [complete], icons: false, defaultKeymap: false, interactionDelay: 0 }),
        linter(mistakes, { delay: 300 }),
        Prec.high(keymap.of(completionKeymap)),
        keymap.of([{ key: 'Enter', run }, { key: 'Escape', run: leave }, ...historyKeymap, ...defaultKeymap]),
        // A paste may have line breaks; they mean no more than a space.
        EditorState.transactionFilter.of((transaction) =>
          transaction.newDoc.lines > 1 ? [oneLine(transaction.newDoc.toString(), transaction.startState)] : transaction,
        ),
        placeholder('service("checkout") AND fault, or a trace id'),
        EditorView.contentAttributes.of({ 'aria-label': 'Filter expression or trace id', spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
          if (update.focusChanged && update.view.hasFocus && update.state.doc.length === 0) startCompletion(update.view);
        }),
      ],
    }),
  });
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
  const problem = traceIdIn(text) === undefined ? problemOf(text) : undefined;
  if (problem === undefined) return [];
  const from = Math.max(0, Math.min(problem.position, text.length - 1));
  const to = Math.min(text.length, from + (/^\w+/.exec(text.slice(from))?.[0].length ?? 1));
  return [{ from, to, severity: 'error' as const, message: problem.message }];
}
