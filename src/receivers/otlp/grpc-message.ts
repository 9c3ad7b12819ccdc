import type { Readable } from 'node:stream';
import { RPC_CODE } from '../../formats/otlp/answers.ts';
import type { Body, BodyReader } from '../../http/body.ts';
import { compressionOf, decompressed, readBody } from '../body.ts';

/** One byte says whether the message is compressed, four its length. Source: grpc/doc/PROTOCOL-HTTP2.md. */
const PREFIX_BYTES = 5;

export interface MessageProblem {
  readonly code: number;
  readonly message: string;
  /** The message may be accepted later. */
  readonly isBusy?: true;
}

/**
 * The one message of a unary call, decompressed, of at most `maxBytes`; or why there is none. Rejects if the client
 * disconnects.
 */
export async function readMessage(
  stream: Readable,
  encoding: string | undefined,
  { bodies, maxBytes }: { readonly bodies: BodyReader; readonly maxBytes: number },
): Promise<Body | MessageProblem> {
  const compression = compressionOf(encoding);
  if (compression === undefined)
    return { code: RPC_CODE.unimplemented, message: 'grpc-encoding must be gzip, deflate or identity' };
  const framed = await readBody(stream, 'identity', { bodies, maxBytes: maxBytes + PREFIX_BYTES });
  if (typeof framed === 'string') return problemOf(framed, maxBytes);
  const { bytes } = framed;
  const isCompressed = bytes[0] === 1;
  const problem = prefixProblem(bytes);
  if (problem !== undefined || (isCompressed && compression === 'identity')) {
    framed.release();
    const message = problem ?? 'the message is compressed, but grpc-encoding does not say how';
    return { code: RPC_CODE.internal, message };
  }
  const message = bytes.subarray(PREFIX_BYTES);
  if (!isCompressed || compression === 'identity') return { bytes: message, release: () => framed.release() };
  try {
    const unzipped = await decompressed(message, compression, { bodies, maxBytes });
    return typeof unzipped === 'string' ? problemOf(unzipped, maxBytes) : unzipped;
  } finally {
    framed.release();
  }
}

function prefixProblem(bytes: Buffer): string | undefined {
  if (bytes.length < PREFIX_BYTES) return 'the request has no message';
  if (bytes.readUInt8(0) > 1) return 'the request is not framed as gRPC says';
  const length = bytes.readUInt32BE(1);
  if (length === bytes.length - PREFIX_BYTES) return undefined;
  return length > bytes.length - PREFIX_BYTES ? 'the message is incomplete' : 'the request has more than one message';
}

function problemOf(problem: 'too_large' | 'busy' | 'corrupt', maxBytes: number): MessageProblem {
  switch (problem) {
    case 'too_large':
      return {
        code: RPC_CODE.resourceExhausted,
        message: `the request has more than ${maxBytes} bytes: send less at a time`,
      };
    case 'busy':
      return { code: RPC_CODE.unavailable, message: 'xrayd is reading too many requests', isBusy: true };
    case 'corrupt':
      return { code: RPC_CODE.internal, message: 'the message is not compressed as grpc-encoding says' };
  }
}
