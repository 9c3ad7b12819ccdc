import type { DocumentFormat, Segment } from '../../src/pipeline/segment.ts';

/** Segments of these documents with the same time of arrival and format. */
export function segmentsOf(
  documents: readonly (string | Buffer)[],
  arrivedAtMs = 1_000_000,
  format: DocumentFormat = 'xray',
): Segment[] {
  return documents.map((document) => {
    const chunk = Buffer.from(document);
    return { chunk, start: 0, end: chunk.length, arrivedAtMs, format };
  });
}

/** `document-0`, `document-1`, … */
export function numberedDocuments(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `document-${i + from}`);
}
