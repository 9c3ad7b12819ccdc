import type { Accounting } from '../pipeline/accounting.ts';
import type { Exporter } from '../pipeline/exporter.ts';
import type {
  Chunk,
  DocumentFormat,
  DocumentSink,
  KeepAnswer,
  OfferAnswer,
  OnSettled,
  Settlement,
} from '../pipeline/segment.ts';

/** Makes documents of a format that an exporter accepts from documents of one that it does not accept. Pure. */
export interface Converter {
  readonly from: DocumentFormat;
  readonly to: DocumentFormat;
  /** What one document becomes: at least one document; undefined if it cannot be converted. Must not throw. */
  readonly convert: (document: Uint8Array) => readonly Uint8Array[] | undefined;
}

/** The converters that stand between these formats and this exporter. */
export function convertersFor({ accepts }: Pick<Exporter, 'accepts'>, all: readonly Converter[]): readonly Converter[] {
  return all.filter(({ from, to }) => !accepts.includes(from) && accepts.includes(to));
}

interface Converted {
  readonly documents: readonly Uint8Array[];
  /** For each document, the position of the document that it was made from. */
  readonly origins: readonly number[];
  /** Positions of documents that could not be converted. */
  readonly failed: readonly number[];
}

/** The code of a document that cannot be converted. */
export const CONVERSION_FAILED = 'ConversionFailed';

/**
 * The entry of a pipeline that converts documents once, before they are buffered. From there on the accounting counts
 * what they have become. A document that cannot be converted counts as unprocessed.
 */
export class ConvertingSink implements DocumentSink {
  readonly #sink: DocumentSink;
  readonly #converters: readonly Converter[];
  readonly #accounting: Accounting;

  constructor(sink: DocumentSink, converters: readonly Converter[], accounting: Accounting) {
    this.#sink = sink;
    this.#converters = converters;
    this.#accounting = accounting;
  }

  offer(documents: readonly Uint8Array[], format: DocumentFormat, onSettled?: OnSettled): OfferAnswer {
    const converter = this.#converterFor(format);
    if (converter === undefined) return this.#sink.offer(documents, format, onSettled);
    const { documents: made, origins, failed } = convertAll(documents, converter);
    const answer = this.#sink.offer(
      made,
      converter.to,
      onSettled === undefined ? undefined : settlementsByOrigin(origins, onSettled),
    );
    if (answer === 'accepted') this.#countFailed(failed, onSettled);
    return answer;
  }

  async keep(documents: readonly Uint8Array[], format: DocumentFormat): Promise<KeepAnswer> {
    const converter = this.#converterFor(format);
    if (converter === undefined) return this.#sink.keep(documents, format);
    const { documents: made, failed } = convertAll(documents, converter);
    const answer = await this.#sink.keep(made, converter.to);
    if (answer === 'accepted') this.#countFailed(failed);
    return answer;
  }

  push(chunk: Chunk): void {
    const converter = this.#converterFor(chunk.format);
    if (converter === undefined) return this.#sink.push(chunk);
    const { documents, origins, failed } = convertAll(documentsOf(chunk), converter);
    // The receiver has counted each document once.
    this.#accounting.received += documents.length + failed.length - chunk.count;
    for (const _ of failed) this.#accounting.countUnprocessed(CONVERSION_FAILED);
    if (documents.length === 0) return;
    let end = 0;
    this.#sink.push({
      format: converter.to,
      count: documents.length,
      bytes: Buffer.concat(documents),
      ends: Uint32Array.from(documents, ({ length }) => (end += length)),
      arrivedAtMs: Float64Array.from(origins, (position) => chunk.arrivedAtMs[position]!),
    });
  }

  #countFailed(positions: readonly number[], onSettled?: OnSettled): void {
    this.#accounting.received += positions.length;
    for (const position of positions) {
      const code = this.#accounting.countUnprocessed(CONVERSION_FAILED);
      onSettled?.(position, { kind: 'refused', code });
    }
  }

  #converterFor(format: DocumentFormat): Converter | undefined {
    return this.#converters.find(({ from }) => from === format);
  }
}

function convertAll(documents: Iterable<Uint8Array>, { convert }: Converter): Converted {
  const made: Uint8Array[] = [];
  const origins: number[] = [];
  const failed: number[] = [];
  let position = 0;
  for (const document of documents) {
    const parts = convert(document);
    if (parts === undefined) failed.push(position);
    for (const part of parts ?? []) {
      made.push(part);
      origins.push(position);
    }
    position++;
  }
  return { documents: made, origins, failed };
}

function* documentsOf({ count, bytes, ends }: Chunk): Iterable<Uint8Array> {
  for (let i = 0; i < count; i++) yield bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
}

/**
 * Settles a document once all documents that it has become are settled: as delivered if all of them were, otherwise as
 * the first that was not. A delay is passed on at once.
 */
function settlementsByOrigin(origins: readonly number[], onSettled: OnSettled): OnSettled {
  const open = new Map<number, { left: number; settlement: Settlement }>();
  for (const origin of origins) {
    const parts = open.get(origin);
    if (parts === undefined) open.set(origin, { left: 1, settlement: { kind: 'delivered' } });
    else parts.left++;
  }
  return (position, settlement) => {
    const origin = origins[position]!;
    if (settlement.kind === 'delayed') return onSettled(origin, settlement);
    const parts = open.get(origin)!;
    if (parts.settlement.kind === 'delivered') parts.settlement = settlement;
    if (--parts.left === 0) onSettled(origin, parts.settlement);
  };
}
