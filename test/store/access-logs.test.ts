import { expect, test } from 'vitest';
import { LINES_A_TRACE } from '../../src/store/access-logs.ts';
import type { Writer } from '../../src/store/writer.ts';
import { accessLogLine } from '../fakes/access-log.ts';
import { Scope } from '../fakes/scope.ts';
import { countOf, openStore, putTexts } from '../fakes/store.ts';
import { segmentJson, START } from '../fakes/traces.ts';

const scope = new Scope();
const idOf = (n: number): string => `1-${START.toString(16)}-${n.toString(16).padStart(24, '0')}`;

const put = (writer: Writer, n: number, members: object = {}): void =>
  void putTexts(writer, [JSON.stringify(segmentJson('web', { trace_id: idOf(n), ...members }))], START);
const lineOf = (n: number, more = ''): string => accessLogLine({ trace: `Root=${idOf(n)}`, more });

test('a line is stored with its trace, once, and counts as a change of the trace', () => {
  const { writer, reader } = openStore(scope);
  put(writer, 1);
  put(writer, 2);
  const before = reader.trace(idOf(1))!.trace;
  const lines = [1, 1, 2, 3].map((n) => ({ traceId: idOf(n), line: lineOf(n) }));
  expect(reader.hasAccessLog).toBe(false);
  expect(writer.attachLines(lines)).toEqual({
    attached: 2,
    known: 1,
    missing: 1,
    beyond: 0,
    changed: [idOf(1), idOf(2)],
  });
  const after = reader.trace(idOf(1))!.trace;
  expect([after.revision, after.bytes, after.receivedAt]).toEqual([
    before.revision + 1,
    before.bytes + lineOf(1).length,
    before.receivedAt,
  ]);
  expect(reader.hasAccessLog).toBe(true);
  expect(reader.balancersOf(idOf(1))).toMatchObject([{ traceId: idOf(1), status: 500 }]);
  expect(reader.balancersOf(idOf(3))).toEqual([]);
});

test('a trace has a limit of lines', () => {
  const { writer } = openStore(scope);
  put(writer, 1);
  const lines = Array.from({ length: LINES_A_TRACE + 2 }, (_, i) => ({
    traceId: idOf(1),
    line: lineOf(1, `TID_${i}`),
  }));
  expect(writer.attachLines(lines)).toMatchObject({ attached: LINES_A_TRACE, beyond: 2 });
});

test('lines are removed with their trace, except those of pinned traces', () => {
  const { database, writer, reader } = openStore(scope);
  for (const n of [1, 2, 3]) put(writer, n);
  writer.attachLines([1, 2, 3].map((n) => ({ traceId: idOf(n), line: lineOf(n) })));
  writer.pin(idOf(2), true);
  writer.clear();
  expect(countOf(database, 'access_log')).toBe(1);
  expect(reader.balancersOf(idOf(2))).toHaveLength(1);
});

test('lines are pruned with the oldest traces', () => {
  const { database, writer } = openStore(scope, { maxBytes: 2_000_000 });
  put(writer, 1);
  writer.attachLines([{ traceId: idOf(1), line: lineOf(1) }]);
  expect(countOf(database, 'access_log')).toBe(1);
  for (let n = 2; n < 60; n++) put(writer, n, { metadata: { text: 'x'.repeat(100_000) } });
  expect(countOf(database, 'access_log')).toBe(0);
});
