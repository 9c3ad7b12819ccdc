import { expect } from 'vitest';
import { Batcher, type BatcherConfig } from '../../src/batcher/batcher.ts';
import { Spool } from '../../src/batcher/spool/spool.ts';
import { Accounting, imbalanceOf } from '../../src/pipeline/accounting.ts';
import { monotonicMs } from '../../src/pipeline/clock.ts';
import type { DocumentFormat } from '../../src/pipeline/segment.ts';
import { ManualExporter, textsOf } from '../fakes/exporter.ts';
import { MemoryLog } from '../fakes/log.ts';
import { chunkOf } from '../fakes/chunk.ts';
import type { Scope } from '../fakes/scope.ts';

/** A batcher with a spool in `folder`: what one life of the daemon is made of. */
export async function lifeOf(
  scope: Scope,
  folder: string,
  config: Partial<BatcherConfig> = {},
  { maxBytes = 10e6, accepts = ['xray'] as readonly DocumentFormat[] } = {},
) {
  const accounting = new Accounting();
  const exporter = new ManualExporter();
  exporter.accepts = accepts;
  const log = new MemoryLog();
  const spool = new Spool({ folder, maxBytes, isNewestFirst: config.isNewestFirst ?? false }, { accounting, log });
  const settings = {
    maxBytes: 1024 * 1024,
    maxAgeMs: 20,
    concurrency: 4,
    retryMaxAgeMs: 60_000,
    isNewestFirst: false,
    ...config,
  };
  const batcher = new Batcher(settings, { exporter, accounting, log, spool, random: () => 0.1 });
  let pushed = 0;
  accounting.addSource({
    read: () => ({ received: pushed, rejected: { empty: 0, no_document: 0, bad_header: 0 }, held: 0 }),
  });
  await spool.start();
  scope.add(() => batcher.stop(AbortSignal.abort()).then(() => spool.stop()));
  return {
    accounting,
    exporter,
    log,
    batcher,
    spool,
    start: () => batcher.start(),
    push: (documents: readonly string[], arrivedAtMs = monotonicMs(), format: DocumentFormat = 'xray') => {
      pushed += documents.length;
      batcher.push(chunkOf(documents, arrivedAtMs, format));
    },
    stop: async (deadline = AbortSignal.abort()) => {
      await batcher.stop(deadline);
      await spool.stop();
    },
    delivered: () => exporter.calls.flatMap(({ batch }) => textsOf(batch)),
    expectBalanced: () => expect(imbalanceOf(accounting.snapshot())).toBe(0),
    settled: async (spooled: number) => {
      await expect.poll(() => accounting.snapshot()).toMatchObject({ buffered: 0, inFlight: 0, spooled });
      expect(imbalanceOf(accounting.snapshot())).toBe(0);
    },
  };
}
