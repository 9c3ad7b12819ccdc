import fc from '../fakes/fast-check.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ExportResult } from '../../src/pipeline/exporter.ts';
import { textsOf, type ManualExporter } from '../fakes/exporter.ts';
import { setUp } from './set-up.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

let made = 0;
/** A document in which each byte follows from the first ten. */
function checked(bytes: number): string {
  return String(made++)
    .padStart(10, '0')
    .repeat(Math.ceil(bytes / 10));
}

/** X-Ray takes nothing whose memory was used for something else meanwhile. */
function settleChecked({ original, settle }: ManualExporter['calls'][number], result: ExportResult): void {
  for (const text of textsOf(original)) expect(text).toBe(text.slice(0, 10).repeat(text.length / 10));
  settle(result);
}

test('accounts for every document under any interleaving of pushes, answers, time and shutdown', async () => {
  const results: fc.Arbitrary<ExportResult> = fc.constantFrom<ExportResult>(
    { kind: 'sent' },
    { kind: 'partial', refused: [{ position: 0, code: 'InvalidName', isRetryable: false }] },
    { kind: 'partial', refused: [{ position: 0, code: 'ThrottledException', isRetryable: true }] },
    { kind: 'retry', code: 'throttled' },
    { kind: 'retry', code: 'http_503' },
    { kind: 'rejected', code: 'InvalidRequestException' },
  );
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('push' as const),
      count: fc.integer({ min: 1, max: 80 }),
      bytes: fc.integer({ min: 1, max: 2_000 }),
    }),
    fc.record({ kind: fc.constant('answer' as const), which: fc.nat(), result: results }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
    fc.record({ kind: fc.constant('offer' as const), count: fc.integer({ min: 1, max: 10 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, isAborted) => {
      const { push, exporter, batcher, accounting, expectBalanced } = setUp({
        maxBytes: 100_000,
        retryMaxAgeMs: 5_000,
      });
      const open = (): typeof exporter.calls => exporter.calls.splice(0);
      for (const one of steps) {
        if (one.kind === 'push') push(...Array.from({ length: one.count }, () => checked(one.bytes)));
        else if (one.kind === 'offer')
          batcher.offer(
            Array.from({ length: one.count }, () => Buffer.from(checked(500))),
            'xray',
          );
        else if (one.kind === 'wait') await vi.advanceTimersByTimeAsync(one.ms);
        else for (const call of open()) settleChecked(call, one.result);
        await vi.advanceTimersByTimeAsync(0);
        expectBalanced();
        expect(batcher.read().bufferedBytes).toBeLessThanOrEqual(100_000);
      }
      exporter.answer = () => ({ kind: 'sent' });
      const deadline = new AbortController();
      const stopped = batcher.stop(deadline.signal);
      if (!isAborted) {
        for (const call of open()) call.settle({ kind: 'sent' });
        await vi.advanceTimersByTimeAsync(10_000);
      }
      deadline.abort();
      await stopped;
      expectBalanced();
      expect(batcher.read()).toEqual({ buffered: 0, bufferedBytes: 0, inFlight: 0 });
      expect(accounting.snapshot().buffered).toBe(0);
    }),
    { numRuns: 60 },
  );
});
