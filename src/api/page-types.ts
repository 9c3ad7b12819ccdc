/** Responses of the page's routes, shared with ui/. Times are seconds since the epoch, durations seconds. */

import type { ConversionChoice } from '../trace/conversion.ts';
import type { Json } from '../json/json.ts';
import type { RowTotals, TraceRow } from '../query/answers.ts';
import type { FormatName } from '../trace/model.ts';

export * from '../query/answers.ts';

/**
 * Paths of the page's screens, at which the server answers with the page. `*` is a trace's ID: a text that may have
 * slashes, such as base64.
 */
export const SCREEN_PATHS = ['/', '/traces/*', '/map', '/connect', '/settings'] as const;
export type ScreenPath = (typeof SCREEN_PATHS)[number];

/** Traces of the list's first page: more than a screen shows. */
export const FIRST_ROWS = 200;

/**
 * `GET /api/traces`: in the order of `sort`, or else newest first; `GET /api/pinned` has the pinned ones alone, in one
 * page.
 */
export interface RowsPage {
  readonly rows: readonly TraceRow[];
  /** For `after` of the next page; null at the end. */
  readonly next: string | null;
  /** With `totals=true`: of all that match, on whatever page. */
  readonly totals?: RowTotals;
}

/** Data of the event `rows` of `GET /events?form=rows`. */
export interface RowChanges {
  readonly rows: readonly TraceRow[];
  /** Changed too, and do not match the filter (any more). */
  readonly others: readonly string[];
}

/** Data of the event `hello`, the first one. */
export interface Hello {
  /** Changes with each start of the local X-Ray. */
  readonly run: string;
}

/** `GET /api/status`. */
export interface Status {
  readonly version: string;
  /** Where applications send: host:port of UDP. */
  readonly address: string;
  readonly region: string;
  readonly accountId: string;
  readonly traces: number;
  /** Of the traces, those that AWS would not keep. */
  readonly unsampled: number;
  readonly segments: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Since the start: documents received, and documents lost here. */
  readonly received: number;
  readonly lost: number;
  /** Ids of pinned traces, the newest first, of at most 1,000. */
  readonly pinned: readonly string[];
  /** "" when traces go with the process. */
  readonly file: string;
}

/** A document as it was sent, with the format that says how it is read. */
export interface ReceivedJson {
  readonly format: FormatName;
  readonly document: Json;
}

/** `GET /api/traces/ID`. */
export interface TraceDocuments {
  readonly id: string;
  readonly revision: number;
  /** When it last changed. */
  readonly received: number;
  /** Bytes of its documents. */
  readonly bytes: number;
  readonly isPinned: boolean;
  /** Whether AWS would keep it. */
  readonly isSampled: boolean;
  /** How OpenTelemetry spans are shown as segments; absent: as by default. */
  readonly conversion?: ConversionChoice;
  /** Lines of load balancers' access logs; absent if there are none. */
  readonly accessLog?: readonly string[];
  /** Oldest first. */
  readonly documents: readonly ReceivedJson[];
}

/**
 * Member `Rule` of `GET /api/sampling?name=&type=&host=&method=&path=`: the sampling rule that decides in AWS about
 * such a request, null when none does.
 */
export interface DecidingRule {
  readonly RuleName: string;
  /** Requests per second that are always traced. */
  readonly ReservoirSize: number;
  /** Of the others, 0–1. */
  readonly FixedRate: number;
}
