import type { Decoded, DecodeProblem, Rejected } from '../formats/otlp/decoding.ts';
import { otlpDocument, partsOf } from '../formats/otlp/documents.ts';
import type { Counters } from '../pipeline/counters.ts';
import type { TracesData } from '../formats/otlp/messages.ts';
import {
  REFUSAL_MESSAGES,
  type DocumentFormat,
  type DocumentSink,
  type OfferAnswer,
  type OnSettled,
} from '../pipeline/segment.ts';

/** As the metrics name it. */
export type Protocol = 'otlp_http' | 'otlp_grpc' | 'zipkin';

/** What has become of a request. */
export type IntakeAnswer =
  | { readonly kind: 'accepted'; readonly rejected: Rejected }
  /** Nothing of the request can ever be accepted. */
  | { readonly kind: 'malformed' | 'too_large'; readonly message: string }
  /** Nothing was accepted: the sender keeps the spans, and should try again. */
  | { readonly kind: 'full' | 'stopping' | 'not_stored'; readonly message: string };

/** How decoded spans become documents: in the format that the pipeline's exporter takes, nothing is converted twice. */
export interface SpanEncoding {
  readonly format: DocumentFormat;
  encode(traces: TracesData): readonly Uint8Array[];
}

/** One document for each trace and resource. */
const AS_OTLP: SpanEncoding = { format: 'otlp', encode: (traces) => partsOf(traces).map(otlpDocument) };

export interface SpansIntakeDeps {
  readonly sink: DocumentSink;
  readonly counters: Pick<Counters, 'spans' | 'refusedRequests'>;
  readonly protocol: Protocol;
  /**
   * Whether a request is answered only when its spans have reached their destination, so that a query after the answer
   * sees them. Otherwise it is answered when they are on disk, or without a spool in the buffer.
   */
  readonly isConfirmed: boolean;
  /** OTLP by default. */
  readonly encoding?: SpanEncoding | undefined;
  /** Called before the spans of a request become documents. */
  readonly beforeEncoding?: () => void;
  /** How long a confirmation may take; 5 s by default. */
  readonly maxWaitMs?: number;
}

/** SDKs give up after 10 s, and would then send the request again. */
const MAX_WAIT_MS = 5_000;

const NOT_STORED = 'the spans were received, but not delivered yet';
const TOO_LARGE = "the spans are larger than xrayd's whole buffer: raise --buffer-memory, or send fewer at a time";

/** Passes the spans of requests to the pipeline. */
export class SpansIntake {
  readonly #deps: SpansIntakeDeps;

  constructor(deps: SpansIntakeDeps) {
    this.#deps = deps;
  }

  /** Accepts all valid spans of a request, or none. Never rejects. */
  async take(decoded: Decoded | DecodeProblem): Promise<IntakeAnswer> {
    const { sink, isConfirmed, encoding = AS_OTLP } = this.#deps;
    if (!decoded.isDecoded) return { kind: decoded.code, message: decoded.message };
    const { rejected, spans } = decoded;
    this.#deps.beforeEncoding?.();
    const documents = encoding.encode(decoded);
    if (documents.length === 0) return this.#accepted(0, rejected);
    const { format } = encoding;
    switch (await (isConfirmed ? this.#deliver(documents, format) : sink.keep(documents, format))) {
      case 'too_large':
        return { kind: 'too_large', message: TOO_LARGE };
      case 'full':
        return this.#refused(spans, { kind: 'full', message: REFUSAL_MESSAGES.full });
      case 'stopping':
        return this.#refused(spans, { kind: 'stopping', message: REFUSAL_MESSAGES.stopping });
      case 'unwritable':
        return this.#refused(spans, { kind: 'not_stored', message: REFUSAL_MESSAGES.unwritable });
      case 'not_delivered':
        return this.#refused(spans, { kind: 'not_stored', message: NOT_STORED });
      case 'accepted':
        return this.#accepted(spans, rejected);
    }
  }

  /** Counts a request that was refused before it was decoded: the number of its spans is unknown. */
  countRefused(reason: 'bodies' | 'requests'): void {
    const { counters, protocol } = this.#deps;
    counters.refusedRequests.inc({ protocol, reason });
  }

  /** `accepted` once the documents have reached their destination. */
  async #deliver(documents: readonly Uint8Array[], format: DocumentFormat): Promise<OfferAnswer | 'not_delivered'> {
    const { sink, maxWaitMs = MAX_WAIT_MS } = this.#deps;
    const confirmation = new Confirmation(documents.length);
    const answer = sink.offer(documents, format, confirmation.onSettled);
    return answer !== 'accepted' || (await confirmation.within(maxWaitMs)) ? answer : 'not_delivered';
  }

  #accepted(spans: number, rejected: Rejected): IntakeAnswer {
    this.#count(spans, 'accepted');
    this.#count(rejected.spans, 'rejected');
    return { kind: 'accepted', rejected };
  }

  #refused(spans: number, answer: IntakeAnswer): IntakeAnswer {
    this.#count(spans, 'refused');
    return answer;
  }

  #count(spans: number, result: string): void {
    const { counters, protocol } = this.#deps;
    if (spans > 0) counters.spans.add(spans, { protocol, result });
  }
}

/** Waits until each document of an offer is delivered, or refused for good. */
class Confirmation {
  readonly #pending = new Set<number>();
  readonly #done = Promise.withResolvers<boolean>();

  constructor(documents: number) {
    for (let position = 0; position < documents; position++) this.#pending.add(position);
  }

  readonly onSettled: OnSettled = (position, settlement) => {
    if (settlement.kind === 'dropped' || settlement.kind === 'delayed') return this.#done.resolve(false);
    this.#pending.delete(position);
    if (this.#pending.size === 0) this.#done.resolve(true);
  };

  /** False if it takes longer, or if an attempt fails. */
  async within(maxWaitMs: number): Promise<boolean> {
    const timer = setTimeout(() => this.#done.resolve(false), maxWaitMs);
    const isConfirmed = await this.#done.promise;
    clearTimeout(timer);
    return isConfirmed;
  }
}
