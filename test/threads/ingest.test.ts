import { expect, test } from 'vitest';
import { ConsoleLines } from '../../src/exporters/store/console-lines.ts';
import { Ingest } from '../../src/threads/ingest.ts';
import type { Written } from '../../src/store/written.ts';
import { StoreFullError } from '../../src/threads/store-thread.ts';
import { MemoryLog } from '../fakes/log.ts';

const DOCUMENTS = ['first', 'second', 'third'].map((text) => Buffer.from(text));
const refusal = { id: null, code: 'InvalidId', message: 'no', traceId: 'trace' };
const NO_LINES = new ConsoleLines({ write: () => {}, hasColor: false, nowMs: () => 0 });

function ingestInto(write: () => Written): { ingest: Ingest; log: MemoryLog; changed: string[] } {
  const log = new MemoryLog();
  const changed: string[] = [];
  const ingest = new Ingest({
    store: { write: async () => write() },
    log,
    lines: NO_LINES,
    onChanged: (ids) => changed.push(...ids),
  });
  return { ingest, log, changed };
}

test('names the traces that have changed, and remembers what was refused for its trace', async () => {
  const { ingest, changed } = ingestInto(() => ({ refused: [{ ...refusal, position: 1 }], changed: ['t'] }));
  await ingest.put(DOCUMENTS, { receivedAtMs: 1, isImport: false });
  expect(changed).toEqual(['t']);
  expect(ingest.refusalsOf('trace')).toMatchObject([refusal]);
  expect(ingest.refusalsOf('other')).toEqual([]);
});

test('stores documents completely, wherever they are in memory', async () => {
  const chunk = Buffer.from('onetwothree, and more');
  const documents = [
    chunk.subarray(0, 3),
    chunk.subarray(3, 6),
    Buffer.from('alone'),
    chunk.subarray(6, 11),
    chunk.subarray(3, 6),
    Buffer.alloc(0),
    chunk.subarray(6, 11),
  ];
  const given: { bytes: Uint8Array; ends: Uint32Array }[] = [];
  const write = async (_: string, args: object): Promise<never> => {
    given.push(args as (typeof given)[0]);
    return { refused: [], changed: [] } as never;
  };
  const ingest = new Ingest({ store: { write }, log: new MemoryLog(), lines: NO_LINES, onChanged: () => {} });
  await ingest.put(documents, { receivedAtMs: 1, isImport: true });
  const [{ bytes, ends }] = given as [(typeof given)[0]];
  expect(Buffer.from(bytes).toString()).toBe('onetwoalonethreetwothree');
  expect([...ends]).toEqual([3, 6, 11, 16, 19, 19, 24]);
});

test.each([
  ['disk', 'the disk is full', 'space is available'],
  ['io', 'the disk fails', 'it works again'],
  ['locked', 'another program has locked the file', 'it is unlocked'],
  ['pinned', 'pinned traces take up the whole store (unpin some, or raise --data-size)', 'space is available'],
] as const)(
  'a store that takes nothing (%s) is reported once, and shown until it does again',
  async (full, problem, until) => {
    let isFull = true;
    const { ingest, log } = ingestInto(() => {
      if (isFull) throw new StoreFullError('nothing was stored', full);
      return { refused: [], changed: [] };
    });
    const put = (): Promise<unknown> => ingest.put(DOCUMENTS, { receivedAtMs: 1, isImport: false });
    await expect(put()).rejects.toBeInstanceOf(StoreFullError);
    expect(ingest.problem).toBe(`${problem}: traces are not stored`);
    expect(
      log.lines.filter(({ message }) => message === `${problem}: traces are not stored until ${until}`),
    ).toHaveLength(1);
    isFull = false;
    await put();
    expect(ingest.problem).toBeUndefined();
    expect(log.find(/^traces are stored again/)).toHaveLength(1);
  },
);
