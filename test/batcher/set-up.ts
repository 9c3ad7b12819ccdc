import { expect } from 'vitest';
import { Batcher, type BatcherConfig } from '../../src/batcher/batcher.ts';
import { Accounting, imbalanceOf } from '../../src/pipeline/accounting.ts';
import { monotonicMs } from '../../src/pipeline/clock.ts';
import { ManualExporter } from '../fakes/exporter.ts';
import { MemoryLog } from '../fakes/log.ts';
import { chunkOf } from '../fakes/chunk.ts';

/** A batcher without a spool, with X-Ray in the hands of the test. */
export function setUp(config: Partial<BatcherConfig> = {}) {
  const accounting = new Accounting();
  const exporter = new ManualExporter();
  const log = new MemoryLog();
  const shortages: boolean[] = [];
  let pushed = 0;
  // Full jitter at its longest, so that a wait is known.
  const deps = {
    exporter,
    accounting,
    log,
    random: () => 0.999,
    onMemoryShort: (isShort: boolean) => void shortages.push(isShort),
  };
  const batcher = new Batcher(
    { maxBytes: 1024 * 1024, maxAgeMs: 1_000, concurrency: 2, retryMaxAgeMs: 60_000, isNewestFirst: false, ...config },
    deps,
  );
  accounting.addSource({
    read: () => ({ received: pushed, rejected: { empty: 0, no_document: 0, bad_header: 0 }, held: 0 }),
  });
  return {
    accounting,
    exporter,
    log,
    shortages,
    batcher,
    push: (...documents: string[]) => {
      pushed += documents.length;
      batcher.push(chunkOf(documents, monotonicMs()));
    },
    expectBalanced: () => expect(imbalanceOf(accounting.snapshot())).toBe(0),
  };
}
