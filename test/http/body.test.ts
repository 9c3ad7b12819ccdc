import type { IncomingHttpHeaders } from 'node:http';
import { expect, test } from 'vitest';
import { BodyReader, type Body } from '../../src/http/body.ts';

const KB = 1024;

function source(chunks: Iterable<Buffer> | AsyncIterable<Buffer>, headers: IncomingHttpHeaders = {}) {
  return {
    headers,
    async *[Symbol.asyncIterator]() {
      yield* chunks;
    },
  };
}

function* bytes(count: number, size: number): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(size, 65 + (i % 26));
}

function held(body: Body | string): Body {
  if (typeof body === 'string') throw new Error(body);
  return body;
}

test('a body arrives complete, and its memory counts until it is released, once', async () => {
  const reader = new BodyReader(1024 * KB);
  const body = held(await reader.read(source(bytes(3, 50 * KB)), 200 * KB));
  expect(body.bytes.toString()).toBe('A'.repeat(50 * KB) + 'B'.repeat(50 * KB) + 'C'.repeat(50 * KB));
  expect(reader.bytes).toBe(192 * KB);
  body.release();
  body.release();
  expect(reader.bytes).toBe(0);
  expect(held(await reader.read(source([], { 'content-length': '0' }), 10)).bytes).toHaveLength(0);
});

test('all request bodies share one budget, and a refused body leaves nothing behind', async () => {
  const reader = new BodyReader(256 * KB);
  const first = held(await reader.read(source(bytes(2, 64 * KB)), 1024 * KB));
  expect(await reader.read(source(bytes(5, 64 * KB)), 1024 * KB)).toBe('busy');
  expect(reader.bytes).toBe(128 * KB);
  first.release();
  held(await reader.read(source(bytes(4, 64 * KB)), 1024 * KB)).release();
  expect(reader.bytes).toBe(0);
});

test('reads small bodies while unfinished large ones use up the budget', async () => {
  const reader = new BodyReader(256 * KB);
  const large = held(await reader.read(source(bytes(4, 64 * KB)), 1024 * KB));
  const small = await Promise.all(Array.from({ length: 200 }, () => reader.read(source(bytes(1, 100)), 1024 * KB)));
  expect(small.filter((body) => body === 'busy')).toHaveLength(200 - 128);
  expect(await reader.read(source(bytes(1, 17 * KB)), 1024 * KB)).toBe('busy');
  for (const body of [large, ...small]) if (typeof body !== 'string') body.release();
  expect(reader.bytes).toBe(0);
});

test('a client that announces much and sends little is charged for what it sent', async () => {
  const reader = new BodyReader(256 * KB);
  const never = Promise.withResolvers<void>();
  const slow = source(
    (async function* () {
      yield Buffer.from('x');
      await never.promise;
    })(),
    { 'content-length': String(200 * KB) },
  );
  const reading = reader.read(slow, 256 * KB);
  await new Promise(setImmediate);
  expect(reader.bytes).toBe(16 * KB);
  never.resolve();
  held(await reading).release();
});

test('a body that arrives in one piece is not copied, and its memory counts all the same', async () => {
  const reader = new BodyReader(64 * KB);
  const [piece] = bytes(1, 50 * KB);
  const body = held(await reader.read(source([piece!], { 'content-length': String(50 * KB) }), 200 * KB));
  expect(body.bytes.buffer).toBe(piece!.buffer);
  expect(reader.bytes).toBe(64 * KB);
  expect(await reader.read(source(bytes(1, 20 * KB), { 'content-length': String(20 * KB) }), 200 * KB)).toBe('busy');
  body.release();
  body.release();
  expect(reader.bytes).toBe(0);
});

test('refuses a body that is too large when it is announced, or when it exceeds the limit', async () => {
  const reader = new BodyReader(1024 * KB);
  expect(await reader.read(source([], { 'content-length': '101' }), 100)).toBe('too_large');
  expect(await reader.read(source(bytes(101, 1)), 100)).toBe('too_large');
  expect(reader.bytes).toBe(0);
});

test('a client that disconnects leaves nothing behind', async () => {
  const reader = new BodyReader(1024 * KB);
  const broken = source(
    (async function* () {
      yield Buffer.alloc(100 * KB);
      throw new Error('aborted');
    })(),
  );
  await expect(reader.read(broken, 200 * KB)).rejects.toThrow('aborted');
  expect(reader.bytes).toBe(0);
});

test('charges a body in one-byte chunks for its bytes, and refuses too many chunks', async () => {
  const reader = new BodyReader(16 * 1024 * KB);
  const body = held(await reader.read(source(bytes(1_000, 1)), 5 * 1024 * KB));
  expect([body.bytes.length, reader.bytes]).toEqual([1_000, 16 * KB]);
  body.release();
  let taken = 0;
  const endless = (function* () {
    for (; ; taken++) yield Buffer.from('x');
  })();
  expect(await reader.read(source(endless), 5 * 1024 * KB)).toBe('too_large');
  expect([taken, reader.bytes]).toEqual([1_007, 0]);
});

test('a large body may have as many chunks as a network makes of it', async () => {
  const reader = new BodyReader(64 * 1024 * KB);
  const body = held(await reader.read(source(bytes(40 * 1024, KB)), 64 * 1024 * KB));
  expect(body.bytes.length).toBe(40 * 1024 * KB);
  body.release();
});
