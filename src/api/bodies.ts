import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BodyReader, COMPRESSED, isCompressed, type Body, type BodySource } from '../http/body.ts';
import { ApiError } from './api-error.ts';
import { bodyOf } from './validation.ts';

/** Maximum size of a body. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/**
 * Below this budget, which means a memory limit below 192 MiB, the maximum is smaller. 50 documents of AWS's maximum
 * size still fit.
 */
const SMALL_BUDGET_BYTES = 12 * 1024 * 1024;
const SMALL_BUDGET_BODY_BYTES = 3.5 * 1024 * 1024;

/** Bodies in memory, by their requests. */
const held = new WeakMap<FastifyRequest, Body>();

/**
 * Makes `app` read the bodies of all routes as JSON, within one budget of `maxBytes`, whatever their content type: Go
 * sends none, .NET and ADOT send no body, botocore sends any type. A body counts until its request is answered, because
 * its strings are in use until then.
 * A route that `takesDocuments` reads the bytes with `withBody`.
 */
export function readBodies(app: FastifyInstance, maxBytes: number, onGarbage?: () => void): void {
  // Several copies of a body exist until its documents are stored.
  const maxBodyBytes = Math.min(MAX_BODY_BYTES, maxBytes < SMALL_BUDGET_BYTES ? SMALL_BUDGET_BODY_BYTES : Infinity);
  const reader = new BodyReader(maxBytes, onGarbage);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: BodySource) => {
    if (isCompressed(payload.headers)) throw new ApiError('UnsupportedMediaTypeException', COMPRESSED, 415);
    const body = await reader.read(payload, maxBodyBytes).catch(() => 'aborted' as const);
    // The client has disconnected, so nobody reads this.
    if (body === 'aborted') throw new ApiError('RequestAborted', 'The body is incomplete');
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
    // Also if the client disconnects.
    reply.raw.once('close', () => held.get(request)?.release());
  });
  app.addHook('onSend', async (request, reply) => {
    // Otherwise the unread rest of a body would be parsed as the next request.
    if ([413, 415, 429, 501].includes(reply.statusCode)) void reply.header('connection', 'close');
    if (reply.statusCode === 429) void reply.header('retry-after', '1');
  });
}

/** Size of the request's body in memory; 0 if it has none. */
export function bodyBytes(request: FastifyRequest): number {
  return held.get(request)?.bytes.length ?? 0;
}

/**
 * Passes the request's body to `use`. Its memory stays valid until `use` ends, even if the client disconnects before
 * that.
 */
export async function withBody<T>(request: FastifyRequest, use: (bytes: Buffer) => Promise<T>): Promise<T> {
  const body = held.get(request);
  held.delete(request);
  try {
    return await use(body?.bytes ?? Buffer.alloc(0));
  } finally {
    body?.release();
  }
}
