import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { decodeTraces } from '../../src/formats/otlp/decode.ts';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import {
  Bytes,
  isAttributes,
  type Attributes,
  type Resource,
  type Span,
  type TracesData,
  type Value,
} from '../../src/formats/otlp/messages.ts';
import { readTracesJson } from '../../src/formats/otlp/read-json.ts';
import { writeTracesJson } from '../../src/formats/otlp/write-json.ts';
import fc from '../fakes/fast-check.ts';
import { anyTraces } from '../fakes/otlp.ts';
import { prepareSender } from './prepare.ts';

/** Fixed in CI, so that a failure is one of the program. */
const SEED = Number(process.env['XRAYD_TEST_SEED'] ?? 24);
const COUNT = 500;

const clients = { python: prepareSender('python'), go: prepareSender('go') };
const skipped = clients.python.skipped || clients.go.skipped;
const test2 = test.skipIf(skipped !== '');
const note = skipped && ` (skipped: ${skipped})`;

interface Line {
  readonly bytes: string;
  readonly content: unknown;
}

/** The JSON lines of a program. */
async function lines<T>(command: readonly string[], args: readonly string[], input: readonly Uint8Array[] = []) {
  const child = spawn(command[0]!, [...command.slice(1), ...args]);
  child.stdin.end(input.map((bytes) => `${Buffer.from(bytes).toString('base64')}\n`).join(''));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(errors).toBe('');
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

const python = (...args: string[]): readonly string[] => {
  const [interpreter = '', program = ''] = clients.python.command!;
  return [interpreter, join(dirname(program), 'wire.py'), ...args];
};
const pythonContents = (requests: readonly Uint8Array[]): Promise<unknown[]> => lines(python('decode'), [], requests);
const goLines = (requests: readonly Uint8Array[]): Promise<Line[]> => lines(clients.go.command!, ['decode'], requests);

/** What xrayd reads from a request in protobuf. */
function decoded(bytes: Uint8Array): unknown {
  const result = decodeTraces(bytes);
  if (!result.isDecoded) return result;
  expect(result.rejected.spans).toBe(0);
  return contentOf(result);
}

/** The same after xrayd has written it in JSON, and read that again. */
function throughJson(bytes: Uint8Array): unknown {
  const result = decodeTraces(bytes);
  const again = result.isDecoded ? readTracesJson(writeTracesJson(result)) : result;
  return again.isDecoded ? contentOf(again) : again;
}

/** As wire.py and wire.go write it. */
function contentOf({ resourceSpans }: TracesData): unknown {
  return resourceSpans.map(({ resource, schemaUrl, scopeSpans }) => ({
    resource: attributed(resource),
    schemaUrl,
    scopes: scopeSpans.map(({ scope, schemaUrl: scopeUrl, spans }) => ({
      scope: { name: scope.name, version: scope.version, ...attributed(scope) },
      schemaUrl: scopeUrl,
      spans: spans.map(spanContent),
    })),
  }));
}

function spanContent(span: Span): unknown {
  return {
    ids: [span.traceId, span.spanId, span.parentSpanId],
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    times: [String(span.startTimeUnixNano), String(span.endTimeUnixNano)],
    ...attributed(span),
    events: span.events.map((event) => ({
      time: String(event.timeUnixNano),
      name: event.name,
      ...attributed(event),
    })),
    droppedEvents: span.droppedEventsCount,
    links: span.links.map((link) => ({
      ids: [link.traceId, link.spanId],
      traceState: link.traceState,
      ...attributed(link),
      flags: link.flags,
    })),
    droppedLinks: span.droppedLinksCount,
    status: [span.status.message, span.status.code],
    flags: span.flags,
  };
}

function attributed({ attributes, droppedAttributesCount }: Resource): object {
  return { attributes: attributesContent(attributes), droppedAttributes: droppedAttributesCount };
}

function attributesContent(attributes: Attributes): unknown {
  return Object.entries(attributes)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, value]) => [key, valueContent(value)]);
}

function valueContent(value: Value): unknown {
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'boolean') return { bool: value };
  if (typeof value === 'bigint') return { int: String(value) };
  if (typeof value === 'number') return { double: doubleContent(value) };
  if (value === null) return {};
  if (value instanceof Bytes) return { bytes: Buffer.from(value.base64, 'base64').toString('hex') };
  return isAttributes(value) ? { map: attributesContent(value) } : { list: value.map(valueContent) };
}

function doubleContent(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

/** JSON has no -0. */
const withoutNegativeZero = (content: unknown): unknown =>
  JSON.parse(JSON.stringify(content).replaceAll('"8000000000000000"', '"0000000000000000"'));

test2(
  `requests that Google's libraries for Python and Go encode are decoded without a difference, also through JSON${note}`,
  async () => {
    const requests = await lines<Line>(python('generate', String(COUNT), String(SEED)), []);
    expect(requests).toHaveLength(COUNT);
    const bodies = requests.map(({ bytes }) => Buffer.from(bytes, 'base64'));
    const byGo = await goLines(bodies);
    for (const [i, { content }] of requests.entries()) {
      expect(decoded(bodies[i]!), `seed ${SEED}, request ${i}`).toEqual(content);
      expect(withoutNegativeZero(throughJson(bodies[i]!))).toEqual(withoutNegativeZero(content));
      expect(byGo[i]!.content).toEqual(content);
      expect(decoded(Buffer.from(byGo[i]!.bytes, 'base64')), `encoded by Go, request ${i}`).toEqual(content);
    }
  },
);

test2(`what xrayd encodes is decoded by Google's libraries for Python and Go without a difference${note}`, async () => {
  const data = fc.sample(anyTraces, { numRuns: COUNT, seed: SEED });
  const bodies = data.map(encodeTraces);
  const [byPython, byGo] = await Promise.all([pythonContents(bodies), goLines(bodies)]);
  for (const [i, traces] of data.entries()) {
    const content = JSON.parse(JSON.stringify(contentOf(traces))) as unknown;
    expect(byPython[i], `seed ${SEED}, request ${i}`).toEqual(content);
    expect(byGo[i]!.content, `seed ${SEED}, request ${i}`).toEqual(content);
  }
});
