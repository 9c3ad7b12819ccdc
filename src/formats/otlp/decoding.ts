import type { Link, ResourceSpans, Span, TracesData } from './messages.ts';

/** Limits of a request, whatever its bytes: two bytes can be an attribute, and 64 MB millions of them. */
export interface DecodeLimits {
  readonly maxSpans: number;
  /** Attributes of one span, event, link, scope or resource. Others are dropped, and counted like those of an SDK. */
  readonly maxAttributes: number;
  /** Attributes, values in lists, events, links, scopes and resources together. */
  readonly maxItems: number;
}

/** SDKs send 512 spans, the collector 8,192, both with at most 128 attributes. */
export const DECODE_LIMITS: DecodeLimits = { maxSpans: 100_000, maxAttributes: 10_000, maxItems: 1_000_000 };

/** Levels of lists and maps in an attribute. */
export const MAX_VALUE_DEPTH = 32;
/** What stands for values on a deeper level. */
export const TOO_DEEP = `[nested more than ${MAX_VALUE_DEPTH} levels deep]`;

/** A request whose spans are valid. */
export interface Decoded extends TracesData {
  readonly isDecoded: true;
  /** Number of spans in it. */
  readonly spans: number;
  readonly rejected: Rejected;
}

/** Spans that can never be accepted: OTLP's `partial_success`. */
export interface Rejected {
  readonly spans: number;
  /** Why, for a person; "" if none was rejected. */
  readonly message: string;
}

/** Why nothing of a request can be accepted. */
export interface DecodeProblem {
  readonly isDecoded: false;
  readonly code: 'malformed' | 'too_large';
  readonly message: string;
}

export function malformed(message: string): DecodeProblem {
  return { isDecoded: false, code: 'malformed', message };
}

export const TRACE_ID_DIGITS = 32;
export const SPAN_ID_DIGITS = 16;
const HEX = /^[0-9a-f]+$/;
const ZEROS = '0'.repeat(TRACE_ID_DIGITS);

/** Counts what a request allocates, and collects the spans that it cannot accept. */
export class Admission {
  readonly #limits: DecodeLimits;
  readonly #reasons = new Map<string, number>();
  #itemsLeft: number;
  #spansLeft: number;
  #spans = 0;

  constructor(limits: DecodeLimits) {
    this.#limits = limits;
    this.#itemsLeft = limits.maxItems;
    this.#spansLeft = limits.maxSpans;
  }

  get maxAttributes(): number {
    return this.#limits.maxAttributes;
  }

  /** False if the request is too large. */
  admitItem(): boolean {
    return --this.#itemsLeft >= 0;
  }

  /** False if the request has too many spans. */
  admitSpan(): boolean {
    return --this.#spansLeft >= 0;
  }

  get problem(): DecodeProblem | undefined {
    const { maxSpans, maxItems } = this.#limits;
    if (this.#spansLeft < 0) return tooLarge(`the request has more than ${maxSpans} spans`);
    if (this.#itemsLeft < 0) return tooLarge(`the request has more than ${maxItems} attributes, events and links`);
    return undefined;
  }

  /** Whether the span can be accepted, and counts it. X-Ray refuses documents without valid IDs or a start. */
  isValid(span: Span): boolean {
    const reason =
      idProblem('trace_id', span.traceId, TRACE_ID_DIGITS) ?? idProblem('span_id', span.spanId, SPAN_ID_DIGITS);
    const refusal =
      reason ?? parentProblem(span) ?? (span.startTimeUnixNano === 0n ? 'start_time_unix_nano is 0' : undefined);
    if (refusal === undefined) {
      this.#spans++;
      return true;
    }
    this.reject(refusal);
    return false;
  }

  /** Counts a span that cannot be accepted. Reasons must be few, whatever the spans. */
  reject(reason: string): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  decoded(resourceSpans: readonly ResourceSpans[]): Decoded | DecodeProblem {
    return this.problem ?? { isDecoded: true, resourceSpans, spans: this.#spans, rejected: this.#rejected() };
  }

  #rejected(): Rejected {
    let spans = 0;
    for (const count of this.#reasons.values()) spans += count;
    return { spans, message: [...this.#reasons].map(([reason, count]) => `${reason} (${count})`).join(', ') };
  }
}

function tooLarge(message: string): DecodeProblem {
  return { isDecoded: false, code: 'too_large', message };
}

/** Reasons are few whatever the IDs: they are counted by their text. */
function idProblem(name: string, id: string, digits: number): string | undefined {
  if (id === '') return `${name} is missing`;
  if (id.length !== digits) return `${name} is not ${digits / 2} bytes long`;
  if (!HEX.test(id)) return `${name} is not hexadecimal`;
  return isZero(id) ? `${name} is all zeros` : undefined;
}

function isZero(id: string): boolean {
  return ZEROS.startsWith(id);
}

export function isValidTraceId(id: string): boolean {
  return idProblem('trace_id', id, TRACE_ID_DIGITS) === undefined;
}

export function isValidSpanId(id: string): boolean {
  return idProblem('span_id', id, SPAN_ID_DIGITS) === undefined;
}

/** No parent and a parent of zeros are the same. */
function parentProblem(span: Span): string | undefined {
  if (span.parentSpanId === '') return undefined;
  if (span.parentSpanId.length === SPAN_ID_DIGITS && isZero(span.parentSpanId)) {
    span.parentSpanId = '';
    return undefined;
  }
  return idProblem('parent_span_id', span.parentSpanId, SPAN_ID_DIGITS);
}

/** Links whose IDs are valid; a span does not suffer from the others. */
export function isValidLink({ traceId, spanId }: Link): boolean {
  return isValidTraceId(traceId) && isValidSpanId(spanId);
}
