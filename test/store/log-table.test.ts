import { expect, test } from 'vitest';
import { LOG_BYTES_A_TRACE, LOGS_A_TRACE } from '../../src/store/log-table.ts';
import { Writer } from '../../src/store/writer.ts';
import { Scope } from '../fakes/scope.ts';
import { countOf, openStore, putTexts } from '../fakes/store.ts';
import { segmentJson, START } from '../fakes/traces.ts';

const scope = new Scope();
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;
const PAD = 'x'.repeat(2_000);

const put = (writer: Writer, i: number): void =>
  void putTexts(writer, [JSON.stringify(segmentJson('web', { trace_id: idOf(i), metadata: { PAD } }))], START);
const logsOf = (i: number, count: number, text = '{}') =>
  Array.from({ length: count }, () => ({ traceId: idOf(i), text }));

test('logs are kept before and after their trace arrives, in order, up to the limits of a trace', () => {
  const { writer, reader } = openStore(scope, { maxBytes: 100e6 });
  expect(writer.putLogs([{ traceId: idOf(1), text: '{"n":1}' }])).toBe(1);
  put(writer, 1);
  expect(
    writer.putLogs([
      { traceId: idOf(1), text: '{"n":2}' },
      { traceId: idOf(2), text: '{"n":3}' },
    ]),
  ).toBe(2);
  expect([reader.logs(idOf(1)), reader.logs(idOf(2)), reader.logs(idOf(3))]).toEqual([
    ['{"n":1}', '{"n":2}'],
    ['{"n":3}'],
    [],
  ]);
  expect(writer.putLogs(logsOf(1, LOGS_A_TRACE))).toBe(LOGS_A_TRACE - 2);
  expect(writer.putLogs(logsOf(1, 1))).toBe(0);
  const large = JSON.stringify('x'.repeat(LOG_BYTES_A_TRACE / 4));
  expect(writer.putLogs(logsOf(3, 5, large))).toBe(3);
  expect(writer.putLogs(logsOf(3, 1))).toBe(1);
});

test('logs are deleted with their trace, whether it is pruned or cleared; those of pinned traces stay', () => {
  const { writer, reader, database } = openStore(scope, { maxBytes: 2e6 });
  put(writer, 0);
  writer.pin(idOf(0), true);
  writer.putLogs(logsOf(0, 3));
  for (let i = 1; i < 2_000; i++) {
    put(writer, i);
    writer.putLogs(logsOf(i, 1, JSON.stringify({ i })));
  }
  expect(reader.trace(idOf(1))).toBeUndefined();
  expect(reader.logs(idOf(1))).toEqual([]);
  expect(reader.trace(idOf(1_999))).toBeDefined();
  expect(reader.logs(idOf(1_999))).toEqual(['{"i":1999}']);
  expect(reader.logs(idOf(0))).toHaveLength(3);
  expect(countOf(database, 'log')).toBe(countOf(database, 'trace') - 1 + 3);
  writer.clear();
  expect(countOf(database, 'log')).toBe(3);
});

test('all logs together take a tenth of the store: the oldest are deleted first, also after a restart', () => {
  const { writer, reader, database } = openStore(scope, { maxBytes: 1e6 });
  const text = JSON.stringify('x'.repeat(1_000));
  const size = (): number => Number(database.prepare('SELECT total(bytes) AS bytes FROM log').get()!['bytes']);
  for (let i = 0; i < 60; i++) writer.putLogs(logsOf(i, 1, text));
  const again = new Writer(database, { maxBytes: 1e6 });
  for (let i = 60; i < 120; i++) again.putLogs(logsOf(i, 1, text));
  expect(size()).toBeLessThanOrEqual(100_000);
  expect(reader.logs(idOf(119))).toHaveLength(1);
  expect(reader.logs(idOf(0))).toEqual([]);
});
