import { wallClockMs } from '../pipeline/clock.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { afterEvery, fullCollector } from '../pipeline/collector.ts';
import { sqliteCodeOf } from '../pipeline/errors.ts';
import { awsJson } from '../json/aws-json.ts';
import { arrayOf, member, textOf } from '../json/json.ts';
import { isFound } from '../filter/search.ts';
import { documentFactsOf } from '../formats/document-facts.ts';
import { DamagedDocumentError } from '../formats/formats.ts';
import { convertStoredWith } from '../formats/read.ts';
import { findingsOf } from '../query/findings.ts';
import { serviceGraph, timeSeries, traceGraph } from '../query/graphs.ts';
import { ReadBudget, TooMuchError } from '../query/read-budget.ts';
import { findInsights } from '../query/insights.ts';
import { traceMembers } from '../query/documents.ts';
import { overviewOf } from '../query/overview.ts';
import { Rankings } from '../query/ranking.ts';
import { rowOf, traceRows } from '../query/row.ts';
import { summaryOf } from '../query/summary.ts';
import { traceSummaries } from '../query/trace-summaries.ts';
import type { TraceView } from '../trace/trace-view.ts';
import {
  bufferIn,
  type Calls,
  type CommonCalls,
  type FailureKind,
  type FromStoreWorker,
  type ReadCalls,
  type ToStoreWorker,
  type WorkerInput,
  type WriteCalls,
} from './messages.ts';
import { Reader } from '../store/reader.ts';
import { openToRead, openToWrite, StoreFileError } from '../store/schema.ts';
import { FullOfPinnedError } from '../store/pruner.ts';
import { PutQueue } from '../store/put-queue.ts';
import { Writer } from '../store/writer.ts';

type Handlers<C extends Partial<Calls>> = {
  readonly [K in keyof C]: (
    args: C[K] extends { args: infer A } ? A : never,
  ) => Promise<ResultOf<C[K]>> | ResultOf<C[K]>;
};
type ResultOf<C> = C extends { result: infer R } ? R : never;

/** SQLite's result code for a full disk. https://sqlite.org/rescode.html */
const SQLITE_FULL = 13;
/** Another program has a transaction, or locks pages, for longer than xrayd waits. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_PROTOCOL = 15;
/** SQLite's result codes for a disk that fails, or that has become read-only. */
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CANTOPEN = 14;
/** SQLite's result codes for a damaged file. */
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Garbage that a value of a document leaves once it is parsed and stored. */
const GARBAGE_BYTES_A_VALUE = 40;

/** The limit of the inferred documents of a trace is this fraction of a response's bytes. */
const ANSWER_BYTES_AN_INFERRED = 4;

const COMMON: Handlers<CommonCalls> = {
  collect: () => {
    fullCollector()();
    return undefined;
  },
};

const NO_MATCH = { eventTime: undefined, service: undefined, edge: undefined };

function writing(writer: Writer): Handlers<WriteCalls> {
  const queue = new PutQueue(writer);
  return {
    ...COMMON,
    put: ({ bytes, ends, ...facts }) => queue.put({ ...facts, texts: textsOf(bytes, ends) }),
    putLogs: ({ logs }) => writer.putLogs(logs),
    attachLines: ({ lines }) => writer.attachLines(lines),
    pin: ({ traceId, isPinned }) => writer.pin(traceId, isPinned),
    clear: () => {
      writer.clear();
      return undefined;
    },
    save: ({ values }) => {
      writer.save(values);
      return undefined;
    },
    settings: () => writer.settings(),
  };
}

function reading(reader: Reader): Handlers<ReadCalls> {
  const rankings = new Rankings(reader, wallClockMs);
  // One at a time: each is several times as large in memory as its documents.
  function* viewsOf(ids: readonly string[]): Generator<TraceView> {
    for (const id of ids) {
      const view = reader.trace(id);
      if (view !== undefined) yield view;
    }
  }
  return {
    ...COMMON,
    summaries: async (request) => {
      const { next, ...page } = await traceSummaries(reader, request);
      return { json: awsJson(page), next };
    },
    summariesOf: ({ ids, ...search }) => {
      const lines: string[] = [];
      let bytes = 0;
      let done = 0;
      for (const id of ids) {
        if (bytes >= reader.budget.maxAnswerBytes) break;
        done++;
        const view = reader.trace(id);
        if (view === undefined || !isFound(search, view)) continue;
        const line = awsJson(summaryOf(view, NO_MATCH));
        lines.push(line);
        bytes += Math.max(line.length, view.trace.bytes);
      }
      return { lines, done };
    },
    rows: async (request) => {
      const { rows, next } = await traceRows(reader, request);
      return { rows: JSON.stringify(rows), next };
    },
    orderedRows: async (request) => {
      const { rows, next } = await rankings.page(request);
      return { rows: JSON.stringify(rows), next };
    },
    totals: (selection) => rankings.totals(selection),
    window: async (request) => JSON.stringify(await rankings.window(request)),
    rowAt: ({ row }) => {
      const view = reader.traceAt(row);
      return JSON.stringify(view === undefined ? null : rowOf(view));
    },
    overview: async (request) => JSON.stringify(await overviewOf(reader, rankings, request)),
    rowsOf: ({ ids, ...search }) => {
      const rows = viewsOf(ids)
        .filter((view) => isFound(search, view))
        .map(rowOf)
        .toArray();
      const shown = new Set(rows.map(({ id }) => id));
      return JSON.stringify({ rows, others: ids.filter((id) => !shown.has(id)) });
    },
    documents: ({ id }) => reader.documents(id),
    suggestions: ({ field, prefix }) => (field === '' ? reader.annotationKeys() : reader.values(field, prefix)),
    traces: ({ ids }) => {
      const texts: string[] = [];
      const left: string[] = [];
      let bytes = 0;
      for (const id of ids) {
        if (bytes >= reader.budget.maxAnswerBytes) {
          left.push(id);
          continue;
        }
        const view = reader.trace(id);
        if (view === undefined) continue;
        const text = awsJson(traceMembers(view, reader.budget.maxAnswerBytes / ANSWER_BYTES_AN_INFERRED));
        texts.push(text);
        // With the segments that X-Ray infers, the text may be much longer than the trace.
        bytes += Math.max(text.length, view.trace.bytes);
      }
      return { json: `[${texts.join(',')}]`, left };
    },
    traceGraph: ({ id, ...shown }) => {
      const services = traceGraph(reader, id, shown);
      return services === undefined ? undefined : awsJson(services);
    },
    serviceGraph: async (request) => awsJson(await serviceGraph(reader, request)),
    timeSeries: async (request) => awsJson(await timeSeries(reader, request)),
    insights: (request) => findInsights(reader, request),
    logs: ({ id }) => `[${reader.logs(id).join(',')}]`,
    originals: ({ id }) => reader.originals(id),
    findings: ({ id, rules }) => {
      const view = reader.trace(id);
      return view === undefined
        ? undefined
        : JSON.stringify(findingsOf(view, documentFactsOf(view.trace, reader.readableOriginals(id)), rules));
    },
    pinned: ({ limit }) => reader.pinned(limit),
    size: () => reader.size(),
  };
}

/** Each text is created when it is needed: those of a whole transaction would outlive the young generation. */
function textsOf(bytes: Uint8Array, ends: Uint32Array): Iterable<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    *[Symbol.iterator]() {
      let start = 0;
      for (const end of ends) {
        yield buffer.toString('utf8', start, end);
        start = end;
      }
    },
  };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- StoreThread.start passes it
const input = workerData as WorkerInput;
const { role, file, isTemporary, maxBytes, accountId, conversion, cacheBytes, maxAnswerBytes, memoryLimitBytes } =
  input;
convertStoredWith(conversion);

interface Opened {
  readonly handlers: Handlers<WriteCalls> | Handlers<ReadCalls>;
  readonly close: () => void;
  /** Bytes of garbage since the last call, besides requests and responses. */
  readonly takeGarbageBytes: () => number;
}

function open(): Opened {
  if (role === 'writer') {
    const takeGarbageBytes = (): number => GARBAGE_BYTES_A_VALUE * writer.values.take();
    // One put may leave more garbage than the memory limit allows.
    const onValuesFreed = (): void => noteGarbage?.(takeGarbageBytes());
    const writer = new Writer(openToWrite({ file, isTemporary, cacheBytes, maxBytes }), {
      maxBytes,
      onValuesFreed,
    });
    return { handlers: writing(writer), close: () => writer.close(), takeGarbageBytes };
  }
  const reader = new Reader(openToRead(file, cacheBytes), {
    accountId,
    conversion,
    budget: new ReadBudget({ maxAnswerBytes, memoryLimitBytes }, { collect: () => fullCollector()() }),
  });
  return { handlers: reading(reader), close: () => reader.close(), takeGarbageBytes: () => reader.takeBytesRead() };
}

function send(message: FromStoreWorker): void {
  parentPort!.postMessage(message);
}

/** Store passes `WriteCalls` to the writing thread and `ReadCalls` to the reading one, with the arguments of the call. */
function handlerOf(handlers: Opened['handlers'], name: string): (args: unknown) => unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the arguments are of `name` (StoreThread.call)
  const handler = (handlers as Readonly<Record<string, (args: unknown) => unknown>>)[name];
  if (handler === undefined) throw new Error(`this thread of the store has no ${name}`);
  return handler;
}

try {
  const { handlers, close, takeGarbageBytes } = open();
  parentPort!.on('message', ({ id, name, args }: ToStoreWorker) => {
    if (name === 'close') {
      close();
      send({ type: 'result', id, result: undefined });
      parentPort!.close();
      return;
    }
    const work = async (): Promise<unknown> => handlerOf(handlers, name)(args);
    void answer(id, args, { work, takeGarbageBytes });
  });
  send({ type: 'ready' });
} catch (error) {
  send({ type: 'failed', message: startProblem(error) });
}

function startProblem(error: unknown): string {
  if (error instanceof StoreFileError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  const kind = kindOf(error);
  let [problem, remedy] = [`it is damaged (${message})`, 'Move it away'];
  if (kind === 'disk' || kind === 'io') [problem, remedy] = [message, 'Check its disk'];
  if (kind === 'locked') [problem, remedy] = [`another program has locked it (${message})`, 'Stop that program'];
  return `cannot use ${file} as a trace store: ${problem}. ${remedy}, or choose another file with --data`;
}

/**
 * Reads, writes and responses leave garbage of several times their size, which V8 lets grow beyond the memory limit. So
 * collect garbage after a certain number of bytes.
 */
const noteGarbage = memoryLimitBytes === undefined ? undefined : afterEvery(maxAnswerBytes, fullCollector());

/** Frees the documents of a put that have memory of their own (`pack`). */
function release(args: unknown): void {
  const buffer = bufferIn(args);
  if (buffer?.resizable === true) buffer.resize(0);
}

function bytesOf(args: unknown, result: unknown): number {
  const texts = [result, member(result, 'json'), ...arrayOf(member(result, 'lines'))];
  return texts.reduce<number>((sum, text) => sum + (textOf(text)?.length ?? 0), bufferIn(args)?.byteLength ?? 0);
}

async function answer(
  id: number,
  args: unknown,
  { work, takeGarbageBytes }: { work: () => Promise<unknown>; takeGarbageBytes: () => number },
): Promise<void> {
  try {
    const result = await work();
    const bytes = bytesOf(args, result);
    release(args);
    // Before the result, because the main thread then makes its own copies.
    noteGarbage?.(bytes + takeGarbageBytes());
    send({ type: 'result', id, result });
  } catch (error) {
    send({ type: 'error', id, message: error instanceof Error ? error.message : String(error), kind: kindOf(error) });
  }
}

/** All tables were there at the start: another program dropped one. SQLite has no code for it. */
function isLostTable(error: unknown): boolean {
  return error instanceof Error && sqliteCodeOf(error) !== 0 && error.message.startsWith('no such table: ');
}

function kindOf(error: unknown): FailureKind | undefined {
  if (error instanceof TooMuchError) return 'too_much';
  if (error instanceof FullOfPinnedError) return 'pinned';
  if (error instanceof DamagedDocumentError || isLostTable(error)) return 'damaged';
  switch (sqliteCodeOf(error)) {
    case SQLITE_FULL:
      return 'disk';
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return 'locked';
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return 'io';
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return 'damaged';
    default:
      return undefined;
  }
}
