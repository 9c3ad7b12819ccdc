import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { readTrace } from '../api.ts';
import { Copy } from '../copy.tsx';
import { count } from '../format.ts';
import { JsonTree } from './json-tree.tsx';
import { FindingList } from './panel-sections.tsx';
import type { TraceState } from './trace-state.ts';

function nameOf(document: object): string {
  const { name, id } = document as { name?: string; id?: string };
  return `${name ?? ''} ${id ?? ''}`.trim();
}

/** The documents as they came, and what AWS would say of them. */
export function Raw({ state }: { state: TraceState }) {
  const documents = useSignal<readonly object[]>([]);
  const revision = state.model.value?.revision;
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      try {
        const read = await readTrace(state.id, stop.signal);
        documents.value = read.documents;
      } catch {
        // The head of the page says what is wrong.
      }
    })();
    return () => stop.abort();
  }, [revision]);
  const text = JSON.stringify(documents.value, null, 2);
  const href = `data:application/json;charset=utf-8,${encodeURIComponent(text.length < 1_000_000 ? text : '')}`;
  return (
    <div class="raw">
      {state.findings.value.length > 0 && (
        <section>
          <h2>What AWS would do differently</h2>
          <FindingList findings={state.findings.value} />
        </section>
      )}
      <section>
        <h2>
          {count(documents.value.length)} {documents.value.length === 1 ? 'document' : 'documents'} as sent, {count(state.model.value?.bytes ?? 0)}{' '}
          bytes
        </h2>
        <p class="buttons">
          <Copy text={text} what="documents" title="Copy as JSON" />
          {text.length < 1_000_000 && (
            <a class="button small" href={href} download={`${state.id}.json`}>
              Download
            </a>
          )}
        </p>
        {documents.value.map((document, i) => (
          <JsonTree key={i} value={document} name={nameOf(document)} levels={documents.value.length > 3 ? 0 : 1} />
        ))}
      </section>
    </div>
  );
}
