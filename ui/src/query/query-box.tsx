import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { list } from '../live.ts';
import { go } from '../route.ts';
import { expression, problemOf, search } from '../search.ts';
import { traceIdIn } from '../trace-id.ts';
import type { Editor } from './editor.ts';
import { save, saved } from './saved-filters.ts';

let focus: () => void = () => {};
/** What is written and not yet searched for. */
const draft = signal('');
const isNaming = signal(false);
const isFocused = signal(false);

export function focusQuery(): void {
  focus();
}

/** Goes where a text leads: to the trace that it names, or to what matches it. */
function submit(text: string): void {
  const traceId = traceIdIn(text);
  if (traceId !== undefined) {
    go(`/traces/${traceId}`);
    return;
  }
  if (problemOf(text) === undefined) search(text);
}

/**
 * X-Ray's filter expressions, or a trace id in any form. An ordinary field at first; the editor, with colours and completion, takes its place as soon
 * as it has come.
 */
export function QueryBox() {
  const holder = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const editor = useRef<Editor>(undefined);
  useEffect(() => {
    let isGone = false;
    focus = () => field.current?.focus();
    draft.value = expression.peek();
    const load = async (): Promise<void> => {
      let createEditor;
      try {
        ({ createEditor } = await import('./editor.ts'));
      } catch {
        // The connection is lost, which is said elsewhere; the ordinary field does the same.
        return;
      }
      if (isGone || holder.current === null || editor.current !== undefined) return;
      const hadFocus = document.activeElement === field.current;
      const onChange = (text: string): void => void (draft.value = text);
      editor.current = createEditor(holder.current, { text: draft.peek(), onChange, onSubmit: submit });
      field.current!.hidden = true;
      focus = () => editor.current!.focus();
      if (hadFocus) focus();
    };
    const idle = setTimeout(() => void load(), 500);
    field.current!.addEventListener('focus', () => void load(), { once: true });
    return () => {
      isGone = true;
      clearTimeout(idle);
      editor.current?.destroy();
      editor.current = undefined;
    };
  }, []);
  // The address changed: by a click on a value, or Back.
  useEffect(() => {
    draft.value = expression.value;
    editor.current?.set(expression.value);
  }, [expression.value]);
  const isTrace = traceIdIn(draft.value) !== undefined;
  const found = isTrace ? undefined : problemOf(draft.value);
  // What is still being written is no mistake yet.
  const problem = found !== undefined && isFocused.value && isAtEnd(draft.value, found.position) ? undefined : found;
  return (
    <form
      class={problem === undefined ? 'query' : 'query wrong'}
      role="search"
      onFocusCapture={() => (isFocused.value = true)}
      onBlurCapture={() => (isFocused.value = false)}
      onSubmit={(event) => {
        event.preventDefault();
        submit(draft.value);
      }}
    >
      <span class="faint" aria-hidden="true">
        ⌕
      </span>
      <div class="query-field" ref={holder}>
        <input
          ref={field}
          type="text"
          class="mono"
          aria-label="Filter expression or trace id"
          placeholder='service("checkout") AND fault, or a trace id'
          spellcheck={false}
          autocomplete="off"
          value={draft.value}
          onInput={(event) => (draft.value = event.currentTarget.value)}
        />
      </div>
      <Hint isTrace={isTrace} isIncomplete={found !== undefined} message={problem?.message ?? refusal()} />
      {draft.value !== '' && (
        <button
          type="button"
          class="quiet"
          aria-label="Clear the filter"
          onClick={() => {
            draft.value = '';
            editor.current?.set('');
            search('');
          }}
        >
          ×
        </button>
      )}
      {expression.value !== '' && draft.value === expression.value && <SaveButton />}
    </form>
  );
}

function isAtEnd(text: string, position: number): boolean {
  return /^[\w.]*\s*$/.test(text.slice(position));
}

/** What the local X-Ray said that the grammar does not know, such as a group that does not exist. */
function refusal(): string | undefined {
  return draft.value === expression.value && list.state.value === 'failed' ? list.problem.value : undefined;
}

function Hint({ isTrace, isIncomplete, message }: { isTrace: boolean; isIncomplete: boolean; message: string | undefined }) {
  if (message !== undefined) {
    return (
      <span class="query-hint fault-text" role="status" title={message}>
        {message.replace(/^Error Location: line 1, p/, 'P')}
      </span>
    );
  }
  if (isTrace) return <span class="query-hint">Enter opens the trace</span>;
  if (draft.value.trim() !== expression.value) return <span class="query-hint">{isIncomplete ? '…' : 'Enter searches'}</span>;
  return null;
}

function SaveButton() {
  const isSaved = saved.value.some(({ filter }) => filter === expression.value);
  if (isSaved) return null;
  if (!isNaming.value) {
    return (
      <button type="button" class="quiet" onClick={() => (isNaming.value = true)}>
        Save
      </button>
    );
  }
  const keep = (name: string): void => {
    isNaming.value = false;
    if (name.trim() !== '') save(name.trim(), expression.peek());
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
