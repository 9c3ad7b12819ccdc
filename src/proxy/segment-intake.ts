import { MAX_DOCUMENTS_PER_CALL } from '../formats/xray/limits.ts';
import { decodeDocuments, type DocumentsProblem } from '../formats/xray/put-body.ts';
import { REFUSAL_MESSAGES, type DocumentSink } from '../pipeline/segment.ts';

export type IntakeAnswer =
  | { readonly status: 200; readonly empty: number }
  | { readonly status: 400 | 413 | 429 | 503; readonly errorType: string; readonly message: string };

/** Errors of PutTraceSegments over TCP. "Segments can not be empty" is X-Ray's own message. */
const PROBLEMS: Readonly<Record<DocumentsProblem, { errorType: string; message: string }>> = {
  not_json: { errorType: 'SerializationException', message: 'The body is not JSON' },
  not_utf8: { errorType: 'SerializationException', message: 'The body is not UTF-8' },
  too_deep: { errorType: 'SerializationException', message: 'The body is nested too deeply' },
  not_strings: { errorType: 'SerializationException', message: 'TraceSegmentDocuments must contain only strings' },
  too_much_else: {
    errorType: 'InvalidRequestException',
    message: 'The body contains too much besides TraceSegmentDocuments',
  },
  no_documents: { errorType: 'InvalidRequestException', message: 'Segments can not be empty' },
  too_many: {
    errorType: 'InvalidRequestException',
    message: `A call takes at most ${MAX_DOCUMENTS_PER_CALL} segment documents`,
  },
};

const TOO_LARGE = "The documents are larger than xrayd's whole buffer: raise --buffer-memory, or send fewer in a call";

/** Accepts the documents of PutTraceSegments calls. */
export class SegmentIntake {
  readonly #sink: DocumentSink;

  constructor(sink: DocumentSink) {
    this.#sink = sink;
  }

  /**
   * Accepts all documents in the body of a call, or none, and resolves with X-Ray's response: once they are on disk, or
   * without a spool in the buffer. `empty` documents are refused. Overwrites the body, and reads it until it resolves.
   * Never rejects. Only accepted documents count as received.
   */
  async put(body: Buffer): Promise<IntakeAnswer> {
    const found = decodeDocuments(body);
    if (typeof found === 'string') return { status: 400, ...PROBLEMS[found] };
    const { documents, empty } = found;
    if (documents.length + empty === 0) return { status: 400, ...PROBLEMS.no_documents };
    if (documents.length === 0) return { status: 200, empty };
    switch (await this.#sink.keep(documents, 'xray')) {
      case 'accepted':
        return { status: 200, empty };
      case 'too_large':
        return { status: 413, errorType: 'RequestEntityTooLarge', message: TOO_LARGE };
      case 'full':
        return { status: 429, errorType: 'ThrottledException', message: REFUSAL_MESSAGES.full };
      case 'stopping':
        return { status: 503, errorType: 'ServiceUnavailableException', message: REFUSAL_MESSAGES.stopping };
      case 'unwritable':
        return { status: 503, errorType: 'ServiceUnavailableException', message: REFUSAL_MESSAGES.unwritable };
    }
  }
}
