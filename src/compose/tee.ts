import { XRayExporter } from '../aws/exporter.ts';
import type { Environment } from '../pipeline/environment.ts';
import type { LoadedConfig } from '../config/load.ts';
import { BATCH_MAX_AGE_MS, findDestination, connectionTo } from './xray-connection.ts';
import { Accounting, sumOf, type Snapshot } from '../pipeline/accounting.ts';
import type { CallPath } from '../pipeline/call-path.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { DocumentFormat } from '../pipeline/segment.ts';
import { segmentDocuments } from '../formats/otlp/documents.ts';
import { optionsOf, type ConversionOptions } from '../formats/otlp/segment/options.ts';
import { startPart, stopParts } from '../pipeline/parts.ts';
import { conversionChoiceOf } from './conversion-choice.ts';
import { memoryBudgetOf } from './memory-budget.ts';
import { Pipeline } from './pipeline.ts';

/** Forwards to AWS what the local X-Ray has stored: a second pipeline, with its own buffer and accounting. */
export class Tee implements Component {
  readonly name = 'tee';
  readonly stopLimits = { limitMs: Infinity, graceMs: 2_000 };
  readonly #pipeline: Pipeline;
  readonly #conversion: ConversionOptions;
  readonly #log: Logger;

  private constructor(pipeline: Pipeline, conversion: ConversionOptions, log: Logger) {
    this.#pipeline = pipeline;
    this.#conversion = conversion;
    this.#log = log;
  }

  /** Throws XRAYD_REGION. */
  static async build(
    loaded: LoadedConfig<'local'>,
    env: Environment,
    { log, callPath }: { log: Logger; callPath: CallPath },
  ): Promise<Tee> {
    const { config } = loaded;
    const accounting = new Accounting();
    const { counters } = accounting;
    const { api, hints, upstream } = connectionTo(
      await findDestination(loaded, env, log),
      { config, counters, log, callPath },
      env,
    );
    const exporter = new XRayExporter({ api, hints, log, counters });
    const { teeBytes } = memoryBudgetOf(config, 'local');
    const deps = { exporter, upstream, accounting, log };
    const pipeline = new Pipeline(config, { maxBytes: teeBytes, maxAgeMs: BATCH_MAX_AGE_MS }, deps);
    return new Tee(pipeline, optionsOf(conversionChoiceOf(config)), log);
  }

  get state(): ComponentState {
    const { state, reason } = this.#pipeline.exporter.state;
    return { name: this.name, state, ...(reason === undefined ? {} : { reason }) };
  }

  /** Counts of the copies. */
  read(): Snapshot {
    return this.#pipeline.accounting.snapshot();
  }

  /**
   * Sends copies of documents, as many as fit into the buffer; the others are counted as dropped. Spans are sent, and
   * counted, as the segments that the daemon would make of them.
   */
  put(documents: readonly Uint8Array[], format: DocumentFormat): void {
    this.#put(format === 'otlp' ? documents.flatMap((document) => this.#segmentsOf(document)) : documents);
  }

  #segmentsOf(document: Uint8Array): readonly Uint8Array[] {
    const segments = segmentDocuments(document, this.#conversion);
    if (segments !== undefined) return segments;
    this.#pipeline.accounting.received++;
    this.#pipeline.accounting.countUnprocessed('ConversionFailed');
    return [];
  }

  #put(documents: readonly Uint8Array[]): void {
    if (documents.length === 0 || this.#pipeline.sink.offer(documents, 'xray') === 'accepted') return;
    if (documents.length > 1) {
      const half = documents.length >> 1;
      this.#put(documents.slice(0, half));
      this.#put(documents.slice(half));
      return;
    }
    this.#pipeline.accounting.received++;
    this.#pipeline.accounting.dropped.buffer_full++;
    this.#log.limited(
      'tee_full',
      'error',
      {},
      'segments were stored locally but not forwarded to X-Ray: the buffer is full',
    );
  }

  async start(): Promise<void> {
    for (const part of this.#pipeline.parts) await startPart(part);
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await stopParts(this.#pipeline.parts.toReversed(), deadline, ({ name }, error) =>
      this.#log.error(
        { part: name, error: messageOf(error) },
        'a component of --tee did not stop in time; abandoning it',
      ),
    );
    const { sent, dropped, unprocessed } = this.read();
    const fields = { sent, lost: sumOf(dropped), refused: sumOf(unprocessed) };
    if (fields.lost > 0)
      this.#log.error(fields, `${fields.lost} segments were stored locally but not forwarded to X-Ray (--tee)`);
    else this.#log.info(fields, 'forwarded to X-Ray (--tee)');
  }
}
