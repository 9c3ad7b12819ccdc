import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

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
