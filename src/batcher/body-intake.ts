import type { IntakeAnswer, SegmentIntake } from '../pipeline/segment.ts';

/** Takes documents all or none. `full`: there is no room without dropping others; `stopping`: the daemon drains. */
export interface DocumentSink {
  offer(documents: readonly Uint8Array[]): 'accepted' | 'full' | 'stopping';
}

/** PutTraceSegments by TCP. The messages of the 400s are X-Ray's own. */
export class BodyIntake implements SegmentIntake {
  readonly #sink: DocumentSink;

  constructor(sink: DocumentSink) {
    this.#sink = sink;
  }

  put(body: Buffer): IntakeAnswer {
    let list: unknown;
    try {
      list = (JSON.parse(body.toString()) as { TraceSegmentDocuments?: unknown } | null)?.TraceSegmentDocuments;
    } catch {
      return { status: 400, errorType: 'SerializationException', message: 'The body is not JSON' };
    }
    if (!Array.isArray(list) || list.length === 0) return { status: 400, errorType: 'InvalidRequestException', message: 'Segments can not be empty' };
    if (!list.every((document) => typeof document === 'string')) {
      return { status: 400, errorType: 'SerializationException', message: 'TraceSegmentDocuments must hold strings' };
    }
    switch (this.#sink.offer(list.map((document) => Buffer.from(document)))) {
      case 'accepted':
        return { status: 200 };
      case 'full':
        return { status: 429, errorType: 'ThrottledException', message: "xrayd's buffer is full" };
      case 'stopping':
        return { status: 503, errorType: 'ServiceUnavailableException', message: 'xrayd is stopping' };
    }
  }
}
