import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { Body, BodyReader } from '../http/body.ts';

/** How the bytes of a body are compressed. Exporters send none or gzip. */
export type Compression = 'identity' | 'gzip' | 'deflate';

const COMPRESSIONS: ReadonlySet<string> = new Set<Compression>(['identity', 'gzip', 'deflate']);

/** The value of a header; undefined if it is not supported. Source: RFC 9110, 8.4.1. */
export function compressionOf(header: string | undefined): Compression | undefined {
  const name = (header ?? '').trim().toLowerCase();
  if (name === '') return 'identity';
  if (name === 'x-gzip') return 'gzip';
  return isCompression(name) ? name : undefined;
}

function isCompression(name: string): name is Compression {
  return COMPRESSIONS.has(name);
}

/**
 * The whole body, decompressed; or why there is none: `too_large` if it has more than `maxBytes` before or after
 * decompression, `busy` if the budget of `bodies` is used up, `corrupt` if it cannot be decompressed. Nothing beyond the
 * limit is decompressed. Rejects if the client disconnects.
 */
export async function readBody(
  source: Readable,
  compression: Compression,
  { bodies, maxBytes }: { readonly bodies: BodyReader; readonly maxBytes: number },
): Promise<Body | 'too_large' | 'busy' | 'corrupt'> {
  if (compression === 'identity') return bodies.read(withoutHeaders(source, { destroyOnReturn: false }), maxBytes);
  const unzip = compression === 'gzip' ? createGunzip() : createInflate();
  let isAborted = false;
  source.once('aborted', () => (isAborted = true));
  // Ends both streams with the error of either; what fails is read from `unzip`.
  pipeline(source, unzip, () => {});
  try {
    return await bodies.read(withoutHeaders(unzip), maxBytes);
  } catch (error) {
    if (isAborted || source.errored !== null) throw error;
    return 'corrupt';
  }
}

/**
 * Without `Content-Length`, which is the compressed length. A stream of HTTP/2 that is not read to its end must not be
 * destroyed, because it also takes the answer.
 */
function withoutHeaders(
  stream: Readable,
  options: { readonly destroyOnReturn: boolean } = { destroyOnReturn: true },
): AsyncIterable<Buffer> & { readonly headers: Record<string, never> } {
  return { headers: {}, [Symbol.asyncIterator]: () => stream.iterator(options) };
}
