import type { Chunk, DocumentFormat } from '../../src/pipeline/segment.ts';

/** A chunk as the receive thread hands it over. */
export function chunkOf(
  documents: readonly (string | Buffer)[],
  arrivedAtMs: number,
  format: DocumentFormat = 'xray',
): Chunk {
  const buffers = documents.map((document) => Buffer.from(document));
  let end = 0;
  return {
    format,
    count: buffers.length,
    bytes: Buffer.concat(buffers),
    ends: Uint32Array.from(buffers, (buffer) => (end += buffer.length)),
    arrivedAtMs: Float64Array.from(buffers, () => arrivedAtMs),
  };
}
