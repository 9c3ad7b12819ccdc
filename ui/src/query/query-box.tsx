import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { count, plural } from '../format.ts';
import { useLatest } from '../hooks.ts';
import { list } from '../live.ts';
import { boxed, expression, search, submit, words } from '../search.ts';
import type { Editor } from './editor.ts';
import { HINT_ID, LABEL, PLACEHOLDER } from './labels.ts';
import { mistakeIn, type Mistake } from './mistake.ts';
import { readingOf, type Reading } from './reading.ts';
import { isSaved, save, saved } from './saved-filters.ts';

/** Asked for before there is a box: it has the focus when it comes. */
let isWanted = false;
const wantFocus = (): void => void (isWanted = true);
let focus: () => void = wantFocus;
/** What is written and not yet searched for. */
const draft = signal('');
const isNaming = signal(false);
const isFocused = signal(false);

export function focusQuery(): void {
  focus();
}

/**
 * Takes a text, one of X-Ray's filter expressions, or a trace id in any form. An ordinary field at first; the editor, with colours and completion, takes
 * its place as soon as it has come.
 */
export function QueryBox() {
  const holder = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const editor = useRef<Editor>(undefined);
  const write = useLatest((text: string): void => {
    draft.value = text;
    editor.current?.set(text);
  });
  const run = useLatest((text: string): void => {
    submit(text);
    // Where that changes nothing in the address, the box still shows what it says.
    write(boxed.peek());
  });
  useEffect(() => {
    let isGone = false;
    focus = () => field.current?.focus();
    if (isWanted) focus();
    isWanted = false;
    draft.value = boxed.peek();
    const load = async (): Promise<void> => {
      let createEditor;
      try {
        ({ createEditor } = await import('./editor.ts'));
      } catch {
        // The connection is lost, which is said elsewhere; the ordinary field does the same.
        return;
      }
      const plain = field.current;
      if (isGone || holder.current === null || plain === null || editor.current !== undefined) return;
      const hadFocus = document.activeElement === plain;
      const onChange = (text: string): void => void (draft.value = text);
      const cursor = hadFocus ? (plain.selectionEnd ?? 0) : undefined;
      const created = createEditor(holder.current, { text: draft.peek(), cursor, onChange, onSubmit: run });
      editor.current = created;
      plain.hidden = true;
      focus = () => created.focus();
      if (hadFocus) focus();
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
  // The address changed: by a click on a value, or Back.
  const addressed = boxed.value;
  useEffect(() => write(addressed), [write, addressed]);
  const reading = readingOf(draft.value);
  const found = reading.kind === 'mistake' ? mistakeIn(draft.value) : undefined;
  // What is still being written is no mistake yet.
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

/** What is written is what the address says. */
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

/** Says how the box was read, and what is wrong with it. */
function Hint({ reading, isUnfinished, mistake, onRemedy }: HintProps) {
  const remedy = mistake?.remedy;
  return (
    <output id={HINT_ID} class={mistake === undefined && refusal() === undefined ? 'query-hint' : 'query-hint fault-text'} title={mistake?.xray}>
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
        <button type="button" class="link mono" aria-label={`Search ${remedy} instead`} onClick={() => onRemedy(remedy)}>
          {remedy}
        </button>
      )}
    </output>
  );
}

/** What the local X-Ray said that the grammar does not know, such as a group that does not exist. */
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
      placeholder="Name it, Enter"
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
