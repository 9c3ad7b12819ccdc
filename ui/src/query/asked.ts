import { startCompletion, type CompletionContext } from '@codemirror/autocomplete';
import { StateEffect, StateField } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

const asking = StateEffect.define();

/** Whether completion was requested explicitly, and nothing has been typed since. */
export const asked = StateField.define<boolean>({
  create: () => false,
  update: (isAsked, { docChanged, effects }) => effects.some((effect) => effect.is(asking)) || (isAsked && !docChanged),
});

/** Offers completions at the cursor, even after a complete condition. */
export function askCompletion(view: EditorView): boolean {
  view.dispatch({ effects: asking.of(null) });
  return startCompletion(view);
}

/** CodeMirror keeps a pending completion explicit while the user types on; it no longer counts as requested then. */
export function isAsked({ explicit, state }: CompletionContext): boolean {
  return explicit && (state.doc.length === 0 || state.field(asked));
}
