import { isObject } from '../../../src/json/json.ts';
import type { Span } from '../../../src/formats/otlp/messages.ts';
import { attributes, span } from '../../fakes/otlp.ts';

/** A request has the spans of several traces. */
const SPANS_OF_A_TRACE = 5;
const START_S = 1_764_349_296;
const PADDING = 'x'.repeat(300);

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const spanIdOf = (n: number): string => hex(n + 1, 16);
const traceDigitsOf = (n: number): string => hex(Math.floor(n / SPANS_OF_A_TRACE), 24);

/** Span number `n`; the number determines every member. */
export function numberedSpan(n: number): Span {
  return span({
    traceId: hex(START_S, 8) + traceDigitsOf(n),
    spanId: spanIdOf(n),
    startTimeUnixNano: BigInt(START_S) * 1_000_000_000n,
    endTimeUnixNano: BigInt(START_S + 1) * 1_000_000_000n,
    attributes: attributes({ padding: PADDING }),
  });
}

/** The same as Zipkin has it. */
export function numberedZipkinSpan(n: number): object {
  const { traceId, spanId, name } = numberedSpan(n);
  return {
    traceId,
    id: spanId,
    kind: 'SERVER',
    name,
    timestamp: START_S * 1e6,
    duration: 1e6,
    localEndpoint: { serviceName: 'shop' },
    tags: { padding: PADDING },
  };
}

/** The spans that X-Ray has received: each must arrive as a segment with everything that it was sent with. */
export class SpanJudge {
  readonly #arrived = new Set<number>();
  duplicate = 0;
  corrupted = 0;

  get delivered(): number {
    return this.#arrived.size;
  }

  has(n: number): boolean {
    return this.#arrived.has(n);
  }

  /** False if the document is no numbered span. */
  take(document: string): boolean {
    const segment = parsed(document);
    if (segment === undefined || typeof segment['id'] !== 'string') return false;
    const n = Number.parseInt(segment['id'], 16) - 1;
    if (segment['id'] !== spanIdOf(n)) return false;
    const { name, trace_id: traceId, start_time: start, end_time: end, metadata } = segment;
    const expected = ['shop', `1-${hex(START_S, 8)}-${traceDigitsOf(n)}`, START_S, START_S + 1];
    const isWhole =
      JSON.stringify([name, traceId, start, end]) === JSON.stringify(expected) &&
      JSON.stringify(metadata).includes(`"padding":"${PADDING}"`);
    if (!isWhole) this.corrupted++;
    if (this.#arrived.has(n)) this.duplicate++;
    this.#arrived.add(n);
    return true;
  }
}

function parsed(document: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(document);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
