import { expect, test } from 'vitest';
import { fuzzApi } from './api.ts';
import { fuzz } from './fuzz.ts';
import { fuzzSpans } from './spans.ts';

// The long run is `npm run fuzz -- --minutes 10`.
test('ten seconds of random and mutated input leave the process alive, every datagram counted once and no payload in the log', async () => {
  const seed = Number(process.env['XRAYD_TEST_SEED'] ?? Date.now() % 1e9);
  const result = await fuzz({ durationMs: 10_000, seed });
  const where = `seed ${seed}: ${JSON.stringify(result)}`;
  expect(result.isAlive, where).toBe(true);
  expect(result.imbalance, where).toBe(0);
  expect(result.received + result.kernelDrops, where).toBe(result.datagrams);
  expect(result.rejected, where).toBeGreaterThan(0);
  expect(result.unprocessed, where).toBeGreaterThan(0);
  expect(result.dropped, where).toBe(0);
  expect(result.hasPayloadInLog, where).toBe(false);
  expect(result.logLines, where).toBeLessThan(80);
  expect(result.stderr, where).toBe('');
}, 120_000);

// The long run is `npm run fuzz -- --api --minutes 30`.
test('eight seconds of requests that the API was not designed for cause no failure but the documented one, and no hang', async () => {
  const seed = Number(process.env['XRAYD_TEST_SEED'] ?? Date.now() % 1e9);
  const result = await fuzzApi({ durationMs: 8_000, seed });
  const where = `seed ${seed}: ${JSON.stringify(result)}`;
  expect(result.problems, where).toEqual([]);
  expect(result.isAlive, where).toBe(true);
  expect(result.statuses['200'], where).toBeGreaterThan(100);
  expect(result.statuses['400'], where).toBeGreaterThan(100);
}, 120_000);

// The long run is `npm run fuzz -- --otlp --minutes 10`.
test('eight seconds of requests that no exporter sends get documented answers in both modes, and each span is counted once', async () => {
  const seed = Number(process.env['XRAYD_TEST_SEED'] ?? Date.now() % 1e9);
  const result = await fuzzSpans({ durationMs: 8_000, seed });
  const where = `seed ${seed}: ${JSON.stringify(result)}`;
  for (const { isAlive, problems, imbalance, statuses } of result.processes) {
    expect(problems, where).toEqual([]);
    expect(isAlive, where).toBe(true);
    expect(imbalance, where).toBe(0);
    for (const answer of ['otlp_http 200', 'otlp_grpc grpc 0', 'zipkin 202', 'otlp_http 400', 'otlp_grpc grpc 3'])
      expect(statuses[answer], `${answer}, ${where}`).toBeGreaterThan(0);
  }
}, 120_000);
