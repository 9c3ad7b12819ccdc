import { expect, test } from 'vitest';
import { readTraces, writeTraces } from '../../src/cli/trace-file.ts';
import type { ReturnedTrace } from '../../src/cli/remote-traces.ts';

const DOCUMENT = '{"id":"1111111111111111","trace_id":"1-6ab3b3f3-bb7d9ea64dfa9798043e81d2"}';
const TRACE = { Id: '1-6ab3b3f3-bb7d9ea64dfa9798043e81d2', Segments: [{ Id: '1111111111111111', Document: DOCUMENT }] };

test.each([
  ['an answer of BatchGetTraces', JSON.stringify({ Traces: [TRACE], UnprocessedTraceIds: [] })],
  ['a list of traces', JSON.stringify([TRACE])],
  ['one trace', JSON.stringify(TRACE)],
  ['a segment document', DOCUMENT],
  ['documents, one a line', `${DOCUMENT}\n\n`],
])('reads %s', (_, text) => {
  expect(readTraces(text)).toEqual([TRACE]);
});

test.each([
  ['', 'it has no traces'],
  ['{"Traces":[]}', 'it has no traces'],
  ['hello', 'it is neither JSON nor lines of JSON (line 1)'],
  [`${DOCUMENT}\n{"id":`, 'it is neither JSON nor lines of JSON (line 2)'],
  ['[1]', 'number 1 is neither a trace of BatchGetTraces nor a segment document'],
  [
    '{"Traces":[{"Segments":[{"Document":1}]}]}',
    'number 1 is neither a trace of BatchGetTraces nor a segment document',
  ],
  ['{"Traces":7}', 'it has no traces'],
])('explains what is wrong with %j', (text, problem) => {
  expect(() => readTraces(text)).toThrow(problem);
});

test('parses only what can be parsed within limits, each line for itself', () => {
  const limits = { maxDepth: 3, maxValues: 20 };
  const lines = Array.from({ length: 10 }, () => DOCUMENT).join('\n');
  expect(readTraces(lines, limits)).toHaveLength(10);
  expect(() => readTraces(`[${lines.replaceAll('\n', ',')}]`, limits)).toThrow('its JSON has more than 20 values');
  expect(() => readTraces('['.repeat(10), limits)).toThrow('its JSON has more than 3 levels');
});

test('ignores a byte order mark before the JSON', () => {
  const document = '{"trace_id":"1-5759e988-bd862e3fe1be46a994272793","id":"53995c3f42cd8ad8"}';
  for (const text of [document, `[${document}]`, `${document}\n${document}`])
    expect(readTraces(`\uFEFF${text}`)).toEqual(readTraces(text));
});

test('a segment document keeps the digits of its numbers', () => {
  const document = DOCUMENT.replace('}', ',"annotations":{"a":9007199254740993,"b":-0,"c":1e400}}');
  for (const text of [document, `[${document}]`]) expect(readTraces(text)[0]!.Segments[0]!.Document).toBe(document);
});

test('reads what it writes', async () => {
  const texts: string[] = [];
  const written = await writeTraces(
    (async function* (): AsyncGenerator<ReturnedTrace> {
      yield TRACE;
      yield { ...TRACE, Duration: 1.5, LimitExceeded: false };
    })(),
    (text) => void texts.push(text),
  );
  expect(written).toEqual({ traces: 2, empty: 0 });
  expect(readTraces(texts.join('')).map(({ Segments }) => Segments)).toEqual([TRACE.Segments, TRACE.Segments]);
});

/** Whether this Node writes JSON without recursion, as Node 26 does. */
function writesDeep(): boolean {
  try {
    JSON.stringify(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`));
    return true;
  } catch {
    return false;
  }
}

test('one deeply nested document does not make the others unreadable', () => {
  const deep = DOCUMENT.replace('}', `,"metadata":${'['.repeat(100_000)}-0${']'.repeat(100_000)}}`);
  for (const text of [`${DOCUMENT}\n${deep}\n`, `[${DOCUMENT},${deep}]`]) {
    if (!writesDeep()) expect(() => readTraces(text)).toThrow('number 2 is nested too deeply for Node');
    else
      expect(readTraces(text).map(({ Segments }) => Segments[0]!.Id)).toEqual(['1111111111111111', '1111111111111111']);
  }
});
