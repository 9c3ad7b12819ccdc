import { Batcher } from '../batcher/batcher.ts';
import { Spool, type SpoolConfig } from '../batcher/spool/spool.ts';
import type { Config } from '../config/schema.ts';
import type { Accounting } from '../pipeline/accounting.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { fullCollector } from '../pipeline/collector.ts';
import type { Exporter } from '../pipeline/exporter.ts';
import type { Logger } from '../pipeline/logger.ts';
import { returnFreedMemory, shareFreedMemory } from '../pipeline/native.ts';
import type { DocumentSink } from '../pipeline/segment.ts';
import { preferMemory } from './heap-tuning.ts';
import { isMemoryScarce, type MemoryBudget } from './memory-budget.ts';

export type Part = Component & { readonly state?: ComponentState };

/** The options of a pipeline, which have the same names in both commands. */
export type PipelineOptions = Pick<Config<'local'>, 'concurrency' | 'newestFirst' | 'retryMaxAgeMs'>;

export interface PipelineConfig {
  /** Limit of all waiting documents, in bytes. */
  readonly maxBytes: number;
  /** Maximum time that a document waits for others to fill its batch. */
  readonly maxAgeMs: number;
  /** A folder for documents that do not fit into memory; undefined: none. */
  readonly spool?: Omit<SpoolConfig, 'isNewestFirst'> | undefined;
  /** Whether V8 saves memory while most of the buffer is in use. */
  readonly tunesHeap?: boolean;
}

export interface PipelineDeps {
  readonly exporter: Exporter;
  /** What the exporter needs, such as credentials; started before it and stopped after it. */
  readonly upstream: readonly Part[];
  /**
   * Parts that read the counts until everything is sent, such as the telemetry records; started after the exporter,
   * stopped after the batcher.
   */
  readonly watchers?: readonly Part[];
  readonly accounting: Accounting;
  readonly log: Logger;
}

/** A sink, a batcher and an exporter, with their own accounting. */
export class Pipeline {
  readonly exporter: Exporter;
  readonly accounting: Accounting;
  readonly batcher: Batcher;
  /** In start order: downstream first. */
  readonly parts: readonly Part[];

  constructor(
    options: PipelineOptions,
    { maxBytes, maxAgeMs, spool: disk, tunesHeap = false }: PipelineConfig,
    deps: PipelineDeps,
  ) {
    const { exporter, upstream, watchers = [], accounting, log } = deps;
    const { concurrency, newestFirst: isNewestFirst, retryMaxAgeMs } = options;
    const spool = disk === undefined ? undefined : new Spool({ ...disk, isNewestFirst }, { accounting, log });
    const limits = { maxBytes, maxAgeMs, isNewestFirst, concurrency, retryMaxAgeMs };
    this.exporter = exporter;
    this.accounting = accounting;
    this.batcher = new Batcher(limits, {
      exporter,
      accounting,
      log,
      spool,
      onMemoryShort: tunesHeap ? preferMemory : undefined,
    });
    this.parts = [...upstream, exporter, ...watchers, ...(spool === undefined ? [] : [spool]), this.batcher];
  }

  /** The entry of the pipeline. */
  get sink(): DocumentSink {
    return this.batcher;
  }
}

/** The spool in the options. Where memory is scarce, the threads that read and move its files share theirs from now on. */
export function spoolOf(
  { spool, spoolBytes }: Pick<Config<'local'>, 'spool' | 'spoolBytes'>,
  { limitBytes, inMemoryBytes, spoolFiles }: Pick<MemoryBudget, 'limitBytes' | 'inMemoryBytes' | 'spoolFiles'>,
): PipelineConfig['spool'] {
  if (spool === '') return undefined;
  const disk = { folder: spool, maxBytes: spoolBytes, maxBytesInMemory: inMemoryBytes, maxFiles: spoolFiles };
  if (!isMemoryScarce(limitBytes)) return disk;
  shareFreedMemory();
  const collect = fullCollector();
  return {
    ...disk,
    onGarbage: () => {
      collect();
      returnFreedMemory();
    },
  };
}
