import { member } from '../json/json.ts';
import type { AttachedLines, LogLine } from '../store/access-logs.ts';
import type { LogText } from '../store/log-table.ts';
import type { StoreSize } from '../store/reader.ts';
import type { Full, Written } from '../store/written.ts';
import type { Insight, InsightsRequest } from '../query/insights.ts';
import type { GraphRequest, TimeSeriesRequest } from '../query/graphs.ts';
import type { RowTotals } from '../query/answers.ts';
import type { OverviewRequest } from '../query/overview.ts';
import type { OrderCursor, OrderedRequest, Selection, WindowRequest } from '../query/ranking.ts';
import type { RowsRequest } from '../query/row.ts';
import type { SummariesRequest } from '../query/trace-summaries.ts';
import type { SamplingRule } from '../sampling/rule.ts';
import type { Search } from '../filter/search.ts';
import type { FormatName } from '../trace/model.ts';
import type { ConversionChoice } from '../trace/conversion.ts';

export interface WorkerInput {
  readonly role: 'writer' | 'reader';
  readonly file: string;
  readonly isTemporary: boolean;
  readonly maxBytes: number;
  readonly accountId?: string | undefined;
  readonly cacheBytes: number;
  readonly maxAnswerBytes: number;
  /** How spans are shown as segments. */
  readonly conversion?: ConversionChoice | undefined;
  /** The process is killed if it exceeds this; undefined if there is no limit. */
  readonly memoryLimitBytes?: number | undefined;
}

/** What both threads do. */
export interface CommonCalls {
  /** Collects the thread's garbage. */
  collect: { args: Record<string, never>; result: undefined };
}

/** The calls of the writing thread, by name. */
export interface WriteCalls extends CommonCalls {
  put: {
    args: { format: FormatName; isSampled?: boolean; bytes: Uint8Array; ends: Uint32Array; receivedAt: number };
    result: Written;
  };
  /** The number of records that are kept. */
  putLogs: { args: { logs: readonly LogText[] }; result: number };
  attachLines: { args: { lines: readonly LogLine[] }; result: AttachedLines };
  pin: { args: { traceId: string; isPinned: boolean }; result: boolean };
  clear: { args: Record<string, never>; result: undefined };
  /** JSON by name: all values are saved, or none. */
  save: { args: { values: Readonly<Record<string, string>> }; result: undefined };
  settings: { args: Record<string, never>; result: Readonly<Record<string, string>> };
}

/**
 * The calls of the reading thread, by name. Results are texts in AWS's JSON, so that the main thread only passes them
 * on.
 */
export interface ReadCalls extends CommonCalls {
  summaries: { args: SummariesRequest; result: { json: string; next: { row: number; time: number } | undefined } };
  /** The matching traces among the first `done` IDs: the rest needs another call. */
  summariesOf: {
    args: Search & { readonly ids: readonly string[] };
    result: { lines: readonly string[]; done: number };
  };
  /** `rows` is a list of TraceRow. */
  rows: { args: RowsRequest; result: { rows: string; next: { row: number; time: number } | undefined } };
  /** The same, sorted, over all that match. */
  orderedRows: { args: OrderedRequest; result: { rows: string; next: OrderCursor | undefined } };
  totals: { args: Selection; result: RowTotals };
  /** RowsWindow. */
  window: { args: WindowRequest; result: string };
  /** TraceRow, or null. */
  rowAt: { args: { row: number }; result: string };
  /** Overview. */
  overview: { args: OverviewRequest; result: string };
  /** RowChanges. */
  rowsOf: { args: Search & { readonly ids: readonly string[] }; result: string };
  /** TraceDocuments. */
  documents: { args: { id: string }; result: string | undefined };
  /** Values of an indexed field that begin with `prefix`, or names of annotations if `field` is "". */
  suggestions: { args: { field: string; prefix: string }; result: readonly (string | number)[] };
  /** `left` are the traces that do not fit into one response. */
  traces: { args: { ids: readonly string[] }; result: { json: string; left: readonly string[] } };
  /** `hasBalancers`: with load balancers from access logs. */
  traceGraph: { args: { id: string; hasBalancers?: boolean }; result: string | undefined };
  serviceGraph: { args: GraphRequest; result: string };
  timeSeries: { args: TimeSeriesRequest; result: string };
  insights: { args: InsightsRequest; result: readonly Insight[] };
  /** A list of TraceLog. */
  logs: { args: { id: string }; result: string };
  originals: { args: { id: string }; result: readonly string[] };
  findings: { args: { id: string; rules: readonly SamplingRule[] }; result: string | undefined };
  /** IDs of pinned traces, newest first. */
  pinned: { args: { limit: number }; result: readonly string[] };
  size: { args: Record<string, never>; result: StoreSize };
}

export type Calls = WriteCalls & ReadCalls;
export type CallName = keyof Calls;

export interface ToStoreWorker {
  readonly id: number;
  readonly name: CallName | 'close';
  readonly args: unknown;
}

/** The documents of a `put`, which are passed to the writing thread without a copy; undefined for other calls. */
export function bufferIn(args: unknown): ArrayBuffer | undefined {
  const bytes = member(args, 'bytes');
  return bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? bytes.buffer : undefined;
}

export type FromStoreWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly kind: FailureKind | undefined };

/**
 * Why a call failed, if that is not a bug: nothing more can be stored, the response would cost too much, or the file is
 * damaged.
 */
export type FailureKind = Full | 'too_much' | 'damaged';
