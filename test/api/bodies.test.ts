import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { ApiError } from '../../src/api/api-error.ts';
import { readBodies } from '../../src/api/bodies.ts';

const MB = 1024 * 1024;

async function answerTo(bytes: number, maxBytes: number): Promise<[status: number, message: string]> {
  const app = fastify({ bodyLimit: Number.MAX_SAFE_INTEGER });
  let garbage = 0;
  readBodies(app, maxBytes, () => void garbage++);
  app.setErrorHandler(async (error, _request, reply) =>
    reply.code(error instanceof ApiError ? error.status : 500).send({ message: String(error) }),
  );
  app.post('/', async () => ({ message: `${garbage} times garbage` }));
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: '/',
    payload: JSON.stringify({ text: 'x'.repeat(bytes - 20) }),
  });
  return [statusCode, (JSON.parse(body) as { message: string }).message];
}

test('accepts bodies of up to 5 MB, or 3.5 MB under a small memory limit, and says so when it refuses one', async () => {
  expect(await answerTo(4.9 * MB, 16 * MB)).toEqual([200, '1 times garbage']);
  expect(await answerTo(5.1 * MB, 16 * MB)).toEqual([413, expect.stringContaining('larger than 5242880 bytes')]);
  expect(await answerTo(3.4 * MB, 8 * MB)).toEqual([200, '0 times garbage']);
  expect(await answerTo(3.6 * MB, 8 * MB)).toEqual([
    413,
    expect.stringContaining('which is all that the memory limit of this xrayd leaves'),
  ]);
});
