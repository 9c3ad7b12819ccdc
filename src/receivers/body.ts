import { pipeline, Readable } from 'node:stream';
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

interface BodyLimits {
  readonly bodies: BodyReader;
  readonly maxBytes: number;
}

/**
 * The whole body, decompressed; or why there is none: `too_large` if it has more than `maxBytes` before or after
 * decompression, `busy` if the budget of `bodies` is used up, `corrupt` if it cannot be decompressed. Rejects if the
 * client disconnects.
 */
export async function readBody(
  source: Readable,
  compression: Compression,
  limits: BodyLimits,
): Promise<Body | 'too_large' | 'busy' | 'corrupt'> {
  // Decompressed when all of it is here: a decompressor takes 60 KB, which slow clients would hold.
  const body = await limits.bodies.read(withoutHeaders(source, { destroyOnReturn: false }), limits.maxBytes);
  if (typeof body === 'string' || compression === 'identity') return body;
  try {
    return await decompressed(body.bytes, compression, limits);
  } finally {
    body.release();
  }
}

/** The same for bytes that have arrived. Nothing beyond the limit is decompressed. */
export async function decompressed(
  bytes: Buffer,
  compression: Exclude<Compression, 'identity'>,
  { bodies, maxBytes }: BodyLimits,
): Promise<Body | 'too_large' | 'busy' | 'corrupt'> {
  const unzip = compression === 'gzip' ? createGunzip() : createInflate();
  // Ends both streams with the error of either; what fails is read from `unzip`.
  pipeline(Readable.from(copiesOf(bytes)), unzip, () => {});
  try {
    return await bodies.read(withoutHeaders(unzip), maxBytes);
  } catch {
    return 'corrupt';
  }
}

const COPY_BYTES = 64 * 1024;

/**
 * zlib reads its input on another thread, also after its stream was destroyed: it must not read memory that `release`
 * returns to the system.
 */
function* copiesOf(message: Buffer): Generator<Buffer> {
  for (let start = 0; start < message.length; start += COPY_BYTES)
    yield Buffer.from(message.subarray(start, start + COPY_BYTES));
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
