import { member, textOf } from '../../../src/json/json.ts';
import { readTrace } from '../api.ts';
import { Copy } from '../copy.tsx';
import { count } from '../format.ts';
import { useRead } from '../use-read.ts';
import { JsonTree } from './json-tree.tsx';
import type { ViewProps } from './view.ts';

function nameOf(document: object): string {
  return [member(document, 'name'), member(document, 'id')].flatMap((part) => textOf(part) ?? []).join(' ');
}

/** The browser reads the blob after the click, so it is released some time later. */
const KEEP_MS = 60_000;

/** A blob, because a data: URL is limited to a few megabytes. */
function download(text: string, name: string): void {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), KEEP_MS);
}

/** The documents as received. */
export function Raw({ state, model }: ViewProps) {
  // The trace header reports the problem.
  const { value: documents } = useRead(model.revision, async (stop) =>
    (await readTrace(state.id, stop)).documents.map(({ document }) => document),
  );
  if (documents === undefined) return <p class="empty faint">Reading the documents …</p>;
  const text = JSON.stringify(documents, null, 2);
  return (
    <div class="raw">
      <section>
        <h2>
          {count(documents.length)} {documents.length === 1 ? 'document' : 'documents'} as sent, {count(model.bytes)}{' '}
          bytes
        </h2>
        <p class="buttons">
          <Copy text={text} what="documents" title="Copy as JSON" isJson />
          <button
            type="button"
            class="button small"
            disabled={documents.length === 0}
            onClick={() => download(text, `${state.id}.json`)}
          >
            Download
          </button>{' '}
          <span class="faint">
            <span class="mono">xrayd import {state.id}.json</span> opens the download in another local X-Ray
          </span>
        </p>
        {documents.map((document, i) => (
          <JsonTree key={i} value={document} name={nameOf(document)} levels={documents.length > 3 ? 0 : 1} />
        ))}
      </section>
    </div>
  );
}
