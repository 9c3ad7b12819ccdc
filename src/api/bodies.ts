import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BodyReader, COMPRESSED, isCompressed, type Body, type BodySource } from '../http/body.ts';
import { ApiError } from './api-error.ts';
import { bodyOf } from './validation.ts';

/** 50 documents of any size, up to this together. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** Where all bodies together have less than this, at a memory limit below 192 MiB, one of them has less too: 50 documents of the largest size that AWS takes still pass. */
const LITTLE_BYTES = 12 * 1024 * 1024;
const LITTLE_BODY_BYTES = 3.5 * 1024 * 1024;

/** Bodies in memory, by their requests. */
const held = new WeakMap<FastifyRequest, Body>();

/**
 * Makes `app` read the bodies of all routes within one budget of `maxBytes`, as JSON. Go sends no content type, .NET and ADOT no body, botocore
 * anything: the body is read as bytes and understood here. It counts until its request is answered, since its texts are in use until then.
 * A route that `takesDocuments` reads the bytes with `withBody`.
 */
export function readBodies(app: FastifyInstance, maxBytes: number, onGarbage?: () => void): void {
  // Of a body there are several copies until its documents are stored.
  const maxBodyBytes = Math.min(MAX_BODY_BYTES, maxBytes < LITTLE_BYTES ? LITTLE_BODY_BYTES : Infinity);
  const reader = new BodyReader(maxBytes, onGarbage);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: BodySource) => {
    if (isCompressed(payload.headers)) throw new ApiError('UnsupportedMediaTypeException', COMPRESSED, 415);
    const body = await reader.read(payload, maxBodyBytes).catch(() => 'aborted' as const);
    // There is nobody to read it.
    if (body === 'aborted') throw new ApiError('RequestAborted', 'The body did not come to its end');
    if (body === 'too_large')
      throw new ApiError(
        'RequestEntityTooLargeException',
        `The body is larger than ${maxBodyBytes} bytes${maxBodyBytes < MAX_BODY_BYTES ? ', which is all that the memory limit of this xrayd leaves' : ''}`,
        413,
      );
    if (body === 'busy') throw new ApiError('ThrottledException', 'xrayd reads too much at one time', 429);
    held.set(request, body);
    return request.routeOptions.config.takesDocuments === true ? {} : bodyOf(body.bytes);
  });
  app.addHook('onRequest', async (request, reply) => {
    // Also when the client goes away.
    reply.raw.once('close', () => held.get(request)?.release());
  });
  app.addHook('onSend', async (request, reply) => {
    // The rest of a body that was not read to its end is not read as the next request.
    if ([413, 415, 429, 501].includes(reply.statusCode)) void reply.header('connection', 'close');
    if (reply.statusCode === 429) void reply.header('retry-after', '1');
  });
}

/** Passes the request's body to `use`. Its memory stays valid until `use` ends, even if the client disconnects before that. */
export async function withBody<T>(request: FastifyRequest, use: (bytes: Buffer) => Promise<T>): Promise<T> {
  const body = held.get(request);
  held.delete(request);
  try {
    return await use(body?.bytes ?? Buffer.alloc(0));
  } finally {
    body?.release();
  }
}
