import { startCompletion, type CompletionContext } from '@codemirror/autocomplete';
import { StateEffect, StateField } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

const asking = StateEffect.define();

/** The reader has asked what may stand here, and has not written on since. */
export const asked = StateField.define<boolean>({
  create: () => false,
  update: (isAsked, { docChanged, effects }) => effects.some((effect) => effect.is(asking)) || (isAsked && !docChanged),
});

/** Offers what may stand where the cursor is, also behind a complete condition. */
export function askCompletion(view: EditorView): boolean {
  view.dispatch({ effects: asking.of(null) });
  return startCompletion(view);
}

/** A completion that was asked for stays so while the reader writes on, if it is still being looked for: then it is asked for no more. */
export function isAsked({ explicit, state }: CompletionContext): boolean {
  return explicit && (state.doc.length === 0 || state.field(asked));
}
