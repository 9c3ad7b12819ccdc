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

export interface WorkerInput {
  readonly role: 'writer' | 'reader';
  readonly file: string;
  readonly isTemporary: boolean;
  readonly maxBytes: number;
  readonly accountId?: string | undefined;
  readonly cacheBytes: number;
  readonly maxAnswerBytes: number;
  /** Beyond it the process is killed; undefined when there is none. */
  readonly memoryLimitBytes?: number | undefined;
}

/** What the writing thread does, by name. */
export interface WriteCalls {
  put: { args: { bytes: Uint8Array; ends: Uint32Array; receivedAt: number }; result: Written };
  pin: { args: { traceId: string; isPinned: boolean }; result: boolean };
  clear: { args: Record<string, never>; result: undefined };
  /** JSON by name: all of them, on disk, or none. */
  save: { args: { values: Readonly<Record<string, string>> }; result: undefined };
  settings: { args: Record<string, never>; result: Readonly<Record<string, string>> };
}

/** What the reading thread answers, by name. Results are texts in AWS's JSON, so that the main thread only passes them on. */
export interface ReadCalls {
  summaries: { args: SummariesRequest; result: { json: string; next: { row: number; time: number } | undefined } };
  /** Those of the first `done` of them that match: what is left is for another call. */
  summariesOf: { args: Search & { readonly ids: readonly string[] }; result: { lines: readonly string[]; done: number } };
  /** `rows` is a list of TraceRow. */
  rows: { args: RowsRequest; result: { rows: string; next: { row: number; time: number } | undefined } };
  /** The same in an order, over all that match. */
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
  /** Values of a field of the index that begin with `prefix`, or names of annotations when `field` is "". */
  suggestions: { args: { field: string; prefix: string }; result: readonly (string | number)[] };
  /** `left` are those that one answer has no room for. */
  traces: { args: { ids: readonly string[] }; result: { json: string; left: readonly string[] } };
  traceGraph: { args: { id: string }; result: string | undefined };
  serviceGraph: { args: GraphRequest; result: string };
  timeSeries: { args: TimeSeriesRequest; result: string };
  insights: { args: InsightsRequest; result: readonly Insight[] };
  originals: { args: { id: string }; result: readonly string[] };
  findings: { args: { id: string; rules: readonly SamplingRule[] }; result: string | undefined };
  /** Ids of pinned traces, the newest first. */
  pinned: { args: { limit: number }; result: readonly string[] };
  size: { args: Record<string, never>; result: { traces: number; segments: number; bytes: number; withoutText: number } };
}

export type Calls = WriteCalls & ReadCalls;
export type CallName = keyof Calls;

export interface ToStoreWorker {
  readonly id: number;
  readonly name: CallName | 'close';
  readonly args: unknown;
}

export type FromStoreWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly kind: FailureKind | undefined };

/** Why a call failed, when that is no bug: nothing more can be stored, the answer would cost too much, or the file is not as SQLite wrote it. */
export type FailureKind = Full | 'too_much' | 'damaged';
