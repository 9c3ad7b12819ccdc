import { arrayOf, member, textOf } from '../../../src/json/json.ts';
import { readTrace } from '../api.ts';
import { Copy } from '../copy.tsx';
import { count } from '../format.ts';
import { isKeyOf, keysOf } from '../keys-of.ts';
import { param, setParams } from '../route.ts';
import { useRead } from '../use-read.ts';
import { JsonTree } from './json-tree.tsx';
import { documentsIn, isConverted, RAW_FORMS, type RawForm } from './raw-forms.ts';
import type { ViewProps } from './view.ts';

/** Segments by name and ID, OTLP requests by their services. */
function nameOf(document: object, i: number): string {
  const services = arrayOf(member(document, 'resourceSpans')).flatMap((each) => {
    const attributes = arrayOf(member(member(each, 'resource'), 'attributes'));
    const service = attributes.find((attribute) => member(attribute, 'key') === 'service.name');
    return textOf(member(member(service, 'value'), 'stringValue')) ?? [];
  });
  const named = [member(document, 'name'), member(document, 'id')].flatMap((part) => textOf(part) ?? []);
  const name = [...named, ...new Set(services)].join(' ');
  return name === '' ? `document ${i + 1}` : name;
}

function chosenForm(): RawForm {
  const form = param('form');
  return isKeyOf(RAW_FORMS, form) ? form : '';
}

function nameOfFile(id: string, form: RawForm): string {
  return form === '' ? `${id}.json` : `${id}.${form}.json`;
}

/** The choice of the form, which the address has. */
function Forms({ form }: { form: RawForm }) {
  return (
    <div class="options" role="radiogroup" aria-labelledby="raw-form-title">
      <span id="raw-form-title">Documents</span>
      {keysOf(RAW_FORMS).map((key) => (
        <label key={key}>
          <input type="radio" name="raw-form" checked={form === key} onChange={() => setParams({ form: key })} />
          {RAW_FORMS[key]}
        </label>
      ))}
    </div>
  );
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

/** The documents as received, and those of other formats as the segment documents that X-Ray gets. */
export function Raw({ state, model }: ViewProps) {
  // The trace header reports the problem.
  const { value: received } = useRead(model.revision, async (stop) => (await readTrace(state.id, stop)).documents);
  if (received === undefined) return <p class="empty faint">Reading the documents …</p>;
  const hasForms = received.some(isConverted);
  const form = hasForms ? chosenForm() : '';
  const documents = documentsIn(form, received);
  const isOfSegments = !hasForms || form === 'segments';
  const text = JSON.stringify(documents, null, 2);
  return (
    <div class="raw">
      {hasForms && <Forms form={form} />}
      <section key={form}>
        <h2>
          {count(documents.length)} {documents.length === 1 ? 'document' : 'documents'}{' '}
          {form === 'segments' ? 'as X-Ray gets them' : `as sent, ${count(model.bytes)} bytes`}
        </h2>
        <p class="buttons">
          <Copy text={text} what="documents" title="Copy as JSON" isJson />
          <button
            type="button"
            class="button small"
            disabled={documents.length === 0}
            onClick={() => download(text, nameOfFile(state.id, form))}
          >
            Download
          </button>{' '}
          {isOfSegments && (
            <span class="faint">
              <span class="mono">xrayd import {nameOfFile(state.id, form)}</span> opens the download in another local
              X-Ray
            </span>
          )}
        </p>
        {documents.map((document, i) => (
          <JsonTree key={i} value={document} name={nameOf(document, i)} levels={documents.length > 3 ? 0 : 1} />
        ))}
      </section>
    </div>
  );
}
