/** The characters of a document's padding. */
export type PaddingKind = 'ascii' | 'utf8';

export interface Size {
  /** Length of the padding in bytes; the document is about 360 longer. */
  readonly bytes: number;
  readonly kind: PaddingKind;
}

/** About 1 KB, the size of most segments. */
export const USUAL: Size = { bytes: 700, kind: 'ascii' };
/** Numbers from here on belong to a flood and are not checked. */
export const FLOOD_FROM = 1e12;

/** Distinct values of the annotation `customer`. */
export const CUSTOMERS = 10_000;

const UNITS = { ascii: 'x', utf8: 'añ日🚀 ' } as const;
const FULL = /"metadata":\{"padding":"(x*|(?:añ日🚀 )*)"\}\}$/;

/**
 * Segment number `n`, sent at `time` (seconds since the epoch with six decimals). The number and the padding determine
 * every other byte. sender.c creates the same segments.
 */
export function numbered(n: number, padding: string, time = '1732394780.500000'): string {
  const id = n.toString(16).padStart(16, '0');
  const http = `{"request":{"method":"GET","url":"http://shop.example/orders/${n}"},"response":{"status":200}}`;
  const times = `"start_time":${time},"end_time":${time}`;
  const annotations = `{"customer":"c-${n % CUSTOMERS}"}`;
  const members = `${times},"http":${http},"annotations":${annotations},"metadata":{"padding":"${padding}"}`;
  return `{"id":"${id}","trace_id":"1-67423f1c-${id.padStart(24, '0')}","name":"shop",${members}}`;
}

export function paddingOf({ bytes, kind }: Size): string {
  const unit = UNITS[kind];
  return unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));
}

/** The number of a document, or its defect. */
export function numberOf(document: string): number | 'corrupted' | 'invented' {
  const n = Number.parseInt(/^\{"id":"([0-9a-f]{16})"/.exec(document)?.[1] ?? '', 16);
  const padding = FULL.exec(document)?.[1];
  const time = /"start_time":(\d{10}\.\d{6}),/.exec(document)?.[1];
  if (Number.isNaN(n) || padding === undefined || time === undefined) return 'invented';
  return document === numbered(n, padding, time) ? n : 'corrupted';
}

/** When the documents in a PutTraceSegments body were sent, in ms since the epoch. */
export function sentTimesOf(body: Buffer): number[] {
  return Array.from(
    body.toString('latin1').matchAll(/start_time\\":(\d{10}\.\d{6})/g),
    ([, time]) => Number(time) * 1000,
  );
}
