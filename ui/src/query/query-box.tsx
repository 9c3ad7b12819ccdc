import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count, plural } from '../format.ts';
import { useLatest } from '../hooks.ts';
import { list } from '../live.ts';
import { boxed, expression, search, submit, words } from '../search.ts';
import type { Editor } from './editor.ts';
import { HINT_ID, LABEL, PLACEHOLDER } from './labels.ts';
import { mistakeIn, type Mistake } from './mistake.ts';
import { readingOf, type Reading } from './reading.ts';
import { isSaved, save, saved } from './saved-filters.ts';

/** The focus was requested before the box was rendered. */
let isWanted = false;
const wantFocus = (): void => void (isWanted = true);
let focus: () => void = wantFocus;
/** The content of the box, which may not have been submitted yet. */
const draft = signal('');
const isNaming = signal(false);
const isFocused = signal(false);

export function focusQuery(): void {
  focus();
}

/**
 * The search box, for text, X-Ray filter expressions and trace IDs in any notation. Initially a plain field; the
 * editor, with highlighting and completion, replaces it once it is loaded.
 */
export function QueryBox() {
  const holder = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const editor = useRef<Editor>(undefined);
  const [hasEditor, setHasEditor] = useState(() => {
    draft.value = boxed.peek();
    return false;
  });
  const write = useLatest((text: string): void => {
    draft.value = text;
    editor.current?.set(text);
  });
  const run = useLatest((text: string): void => {
    submit(text);
    // The keys of the trace work at once, and the box offers nothing over it.
    if (readingOf(text).kind === 'trace' && document.activeElement instanceof HTMLElement)
      document.activeElement.blur();
    // If the address did not change, restore the text of the address.
    write(boxed.peek());
  });
  useEffect(() => {
    let isGone = false;
    focus = () => field.current?.focus();
    if (isWanted) focus();
    isWanted = false;
    const load = async (): Promise<void> => {
      let createEditor;
      try {
        ({ createEditor } = await import('./editor.ts'));
      } catch {
        // The connection is lost, which is reported elsewhere; the plain field keeps working.
        return;
      }
      const plain = field.current;
      if (isGone || holder.current === null || plain === null || editor.current !== undefined) return;
      const hadFocus = document.activeElement === plain;
      const onChange = (text: string): void => void (draft.value = text);
      const cursor = hadFocus ? (plain.selectionEnd ?? 0) : undefined;
      const created = createEditor(holder.current, { text: draft.peek(), cursor, onChange, onSubmit: run });
      editor.current = created;
      focus = () => created.focus();
      if (hadFocus) focus();
      setHasEditor(true);
    };
    const idle = setTimeout(() => void load(), 500);
    field.current?.addEventListener('focus', () => void load(), { once: true });
    return () => {
      isGone = true;
      clearTimeout(idle);
      editor.current?.destroy();
      editor.current = undefined;
      focus = wantFocus;
    };
  }, [run]);
  // The address changed, for example by a click on a value or Back.
  const addressed = boxed.value;
  useEffect(() => write(addressed), [write, addressed]);
  const reading = readingOf(draft.value);
  const found = reading.kind === 'mistake' ? mistakeIn(draft.value) : undefined;
  // An incomplete expression is not a mistake while the user is typing.
  const isUnfinished = found !== undefined && isFocused.value && !isSearched() && isAtEnd(draft.value, found.position);
  const mistake = isUnfinished ? undefined : found;
  return (
    <search class="search">
      <form
        class={mistake === undefined ? 'query' : 'query wrong'}
        onFocusCapture={() => (isFocused.value = true)}
        onBlurCapture={() => (isFocused.value = false)}
        onSubmit={(event) => {
          event.preventDefault();
          run(draft.value);
        }}
      >
        <span class="faint" aria-hidden="true">
          ⌕
        </span>
        {expression.value !== '' && words.value !== '' && (
          <span class="query-text">
            <span class="faint">Text</span> {words.value}
            <button
              type="button"
              class="quiet"
              aria-label={`Search without the text ${words.value}`}
              onClick={() => search({ q: expression.peek(), text: '' })}
            >
              ×
            </button>
          </span>
        )}
        <div class="query-field" ref={holder}>
          {!hasEditor && (
            <input
              ref={field}
              type="text"
              class="mono"
              aria-label={LABEL}
              aria-describedby={HINT_ID}
              placeholder={PLACEHOLDER}
              spellcheck={false}
              autocomplete="off"
              value={draft.value}
              onInput={(event) => (draft.value = event.currentTarget.value)}
            />
          )}
        </div>
        <Hint reading={reading} isUnfinished={isUnfinished} mistake={mistake} onRemedy={run} />
        {draft.value !== '' && (
          <button
            type="button"
            class="quiet"
            aria-label="Clear the filter"
            onClick={() => {
              write('');
              search({ q: '', text: '' });
            }}
          >
            ×
          </button>
        )}
        {(reading.kind === 'expression' || reading.kind === 'text') && isSearched() && <SaveButton />}
      </form>
    </search>
  );
}

/** Whether the content of the box is the current search. */
function isSearched(): boolean {
  return draft.value.trim() === boxed.value;
}

function isAtEnd(text: string, position: number): boolean {
  return /^[\w.]*\s*$/.test(text.slice(position));
}

interface HintProps {
  readonly reading: Reading;
  readonly isUnfinished: boolean;
  readonly mistake: Mistake | undefined;
  readonly onRemedy: (expression: string) => void;
}

/** Describes how the content is interpreted, or its mistake. */
function Hint({ reading, isUnfinished, mistake, onRemedy }: HintProps) {
  const remedy = mistake?.remedy;
  return (
    <output id={HINT_ID} class={hintClass(reading, mistake)} title={mistake?.xray}>
      {mistake === undefined ? (
        hintFor(reading, isUnfinished)
      ) : (
        <span class="query-problem">
          {mistake.message}
          {remedy !== undefined && ':'}
        </span>
      )}
      {mistake !== undefined && <span class="unseen"> X-Ray says: {mistake.xray}</span>}
      {remedy !== undefined && (
        <button
          type="button"
          class="link mono"
          aria-label={`Search ${remedy} instead`}
          onClick={() => onRemedy(remedy)}
        >
          {remedy}
        </button>
      )}
    </output>
  );
}

function hintClass({ kind }: Reading, mistake: Mistake | undefined): string {
  if (mistake !== undefined || refusal() !== undefined) return 'query-hint fault-text';
  return kind === 'text' && isSearched() ? 'query-hint counting' : 'query-hint';
}

/** An error from the local X-Ray that the grammar cannot detect, such as an unknown group. */
function refusal(): string | undefined {
  return isSearched() && list.state.value === 'failed' ? list.problem.value : undefined;
}

function hintFor(reading: Reading, isUnfinished: boolean): string {
  const refused = refusal();
  if (refused !== undefined) return refused.replace(/^Error Location: line 1, p/, 'P');
  switch (reading.kind) {
    case 'trace':
      return 'Enter opens the trace';
    case 'text':
      return isSearched() ? `Text in ${foundTraces()}` : 'Text: Enter searches';
    case 'expression':
      return isSearched() ? 'X-Ray expression' : 'X-Ray expression: Enter searches';
    case 'mistake':
      return isUnfinished ? '…' : '';
    case 'nothing':
      return isSearched() ? '' : 'Enter searches';
  }
}

function foundTraces(): string {
  void list.version.value;
  const { traces, isAll } = list.found;
  if (isAll) return plural(traces, 'trace');
  return traces === 0 ? '… traces' : `${count(traces)}+ traces`;
}

function SaveButton() {
  if (saved.value.some((each) => isSaved(each, expression.value, words.value))) return null;
  if (!isNaming.value) {
    return (
      <button type="button" class="quiet" onClick={() => (isNaming.value = true)}>
        Save
      </button>
    );
  }
  const keep = (name: string): void => {
    isNaming.value = false;
    if (name.trim() !== '') save({ name: name.trim(), filter: expression.peek(), text: words.peek() });
  };
  return (
    <input
      class="text"
      aria-label="Name of the saved filter"
      placeholder="Name, then Enter"
      ref={(input) => input?.focus()}
      onKeyDown={(event) => {
        if (event.key === 'Escape') isNaming.value = false;
        if (event.key !== 'Enter') return;
        event.preventDefault();
        keep(event.currentTarget.value);
      }}
      onBlur={(event) => keep(event.currentTarget.value)}
    />
  );
}
