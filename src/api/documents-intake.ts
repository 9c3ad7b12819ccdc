import type { DecodedDocuments } from '../formats/xray/put-body.ts';
import type { Accounting } from '../pipeline/accounting.ts';
import { DeadlineError, within } from '../pipeline/deadline.ts';
import { REFUSAL_MESSAGES, type DocumentFormat, type DocumentSink, type OnSettled } from '../pipeline/segment.ts';
import type { Ingest } from '../threads/ingest.ts';
import type { Refusal } from '../trace/model.ts';
import { ApiError, emptyRefusals, invalid, unprocessed } from './api-error.ts';

export interface DocumentsIntakeDeps {
  readonly sink: DocumentSink;
  readonly ingest: Pick<Ingest, 'fullError'>;
  readonly accounting: Pick<Accounting, 'snapshot'>;
  /** How long a call waits until its documents are stored; 15 s by default. */
  readonly maxWaitMs?: number;
}

/** A store that writes takes milliseconds; SDKs and daemons give up after 5 to 60 s. */
const MAX_WAIT_MS = 15_000;

/**
 * Passes documents of the TCP port to the pipeline, and waits until they are stored: a query after the answer sees
 * them.
 */
export class DocumentsIntake {
  readonly #deps: DocumentsIntakeDeps;

  constructor(deps: DocumentsIntakeDeps) {
    this.#deps = deps;
  }

  /** Answers PutTraceSegments. Rejects like `put`. */
  async putTraceSegments({ documents, empty }: DecodedDocuments): Promise<object> {
    if (documents.length + empty === 0) throw invalid('Segments can not be empty');
    const refused = documents.length === 0 ? [] : await this.put(documents);
    return { UnprocessedTraceSegments: unprocessed([...emptyRefusals(empty), ...refused]) };
  }

  /**
   * Resolves with the documents that X-Ray would refuse once all others are stored. Copies the documents before it
   * returns. Rejects with ApiError if they were not accepted, or not stored in time; and with the store's error if it
   * failed. A document that was accepted but not stored is stored later, once, also if the client sends it again.
   */
  async put(documents: readonly Uint8Array[], format: DocumentFormat = 'xray'): Promise<readonly Refusal[]> {
    const { sink, maxWaitMs = MAX_WAIT_MS } = this.#deps;
    const full = this.#fullError();
    if (full !== undefined) throw full;
    const { promise, resolve, reject } = Promise.withResolvers<readonly Refusal[]>();
    const refused = new Map<number, Refusal>();
    let stored = 0;
    const onSettled: OnSettled = (position, settlement) => {
      if (settlement.kind === 'delayed') reject(errorOf(settlement.error));
      else if (settlement.kind === 'dropped') reject(new ApiError('ThrottledException', REFUSAL_MESSAGES.full, 429));
      else if (settlement.kind === 'delivered') stored++;
      else
        refused.set(position, {
          id: settlement.id ?? null,
          code: settlement.code,
          message: settlement.message ?? '',
          traceId: undefined,
        });
      if (stored + refused.size === documents.length) resolve(inOrder(refused));
    };
    const answer = sink.offer(documents, format, onSettled);
    if (answer === 'too_large') throw new ApiError('RequestEntityTooLargeException', TOO_LARGE, 413);
    if (answer === 'full') throw new ApiError('ThrottledException', REFUSAL_MESSAGES.full, 429);
    if (answer === 'stopping') throw new ApiError('ServiceUnavailableException', REFUSAL_MESSAGES.stopping, 503);
    try {
      return await within(maxWaitMs, 'storing', () => promise);
    } catch (error) {
      throw error instanceof DeadlineError ? errorOf(error.message) : error;
    }
  }

  /**
   * Why nothing can be stored. The first documents that cannot be are kept, and tell when storing works again; later
   * ones stay with their senders.
   */
  #fullError(): Error | undefined {
    const { ingest, accounting } = this.#deps;
    const { fullError } = ingest;
    if (fullError === undefined) return undefined;
    const { buffered, inFlight } = accounting.snapshot();
    return buffered + inFlight > 0 ? fullError : undefined;
  }
}

const TOO_LARGE = "The documents are larger than xrayd's whole buffer: raise --buffer-memory, or send fewer in a call";

function inOrder(refused: ReadonlyMap<number, Refusal>): readonly Refusal[] {
  return [...refused].sort(([a], [b]) => a - b).map(([, refusal]) => refusal);
}

function errorOf(error: unknown): Error {
  if (error instanceof Error) return error;
  return new ApiError(
    'ServiceUnavailableException',
    `The documents were received, but are not stored yet (${String(error)})`,
    503,
  );
}
