import type { IncomingMessage, ServerResponse } from 'node:http';
import { conversionChoiceOf } from './conversion-choice.ts';
import type { HttpHandler } from '../receivers/http-receiver.ts';
import type { KeepLogs } from '../receivers/otlp/other-signals.ts';
import type { SpanReceiverDeps } from './span-receivers.ts';
import { formatAddress, isLoopbackHost } from '../pipeline/address.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Environment } from '../pipeline/environment.ts';
import type { DocumentFormat } from '../pipeline/segment.ts';
import { sumOf, type Snapshot } from '../pipeline/accounting.ts';
import { fullCollector } from '../pipeline/collector.ts';
import type { CallPath } from '../pipeline/call-path.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import type { Logger } from '../pipeline/logger.ts';
import { metersOf } from './meters.ts';
import { Pipeline, spoolOf, type Part } from './pipeline.ts';
import { randomToken } from './readers-token.ts';
import { receiversOf, type Receivers } from './receivers.ts';
import { Runtime } from './runtime.ts';
import { mixedDocuments, sampleTrace } from './sample-trace.ts';
import { VERSION } from './version.ts';
import type { ProcessStatus } from '../api/page-routes.ts';
import { DocumentsIntake } from '../api/documents-intake.ts';
import { XRayApi } from '../api/server.ts';
import { XRayBackend } from '../api/backend.ts';
import { ConsoleLines } from '../exporters/store/console-lines.ts';
import { Ingest } from '../threads/ingest.ts';
import { LiveFeed } from '../api/live.ts';
import { LocalExporter } from '../exporters/store/local-exporter.ts';
import { Store } from '../threads/store.ts';
import { monotonicMs, wallClockMs } from '../pipeline/clock.ts';
import { memoryReliefOf } from './memory-relief.ts';

/** Short, because a person waits for the trace. */
const BATCH_MAX_AGE_MS = 50;

export interface LocalDeps {
  readonly log: Logger;
  readonly env: Environment;
  /** Writes to the console. */
  readonly write: (text: string) => void;
  readonly hasColor: boolean;
  /** Receives stored documents, to forward them; started and stopped with the rest. */
  readonly tee?: Tee;
  /** Shared with `tee`. */
  readonly callPath?: CallPath;
}

/** The interface of src/compose/tee.ts, so that the library works without the AWS code. */
type Tee = Component & {
  readonly state: ComponentState;
  put(documents: readonly Uint8Array[], format: DocumentFormat): void;
  read(): Snapshot;
};

export interface Local {
  readonly runtime: Runtime;
  readonly receivers: Receivers;
  /** The token that readers must send; "" if everybody may read. */
  readonly token: string;
}

/** The local X-Ray: the same pipeline, with the service itself behind it. Needs no region, credentials or network. */
export function buildLocal(
  loaded: LoadedConfig<'local'>,
  { log, env, write, hasColor, tee, callPath }: LocalDeps,
): Local {
  const { config } = loaded;
  const token = readersToken(loaded, log);
  const meters = metersOf(loaded, env, log, callPath);
  const { accounting, memory, guard } = meters;
  const isMemoryLimited = memory.limitBytes !== undefined;
  const store = new Store({
    file: config.data,
    maxBytes: config.dataBytes,
    maxBytesInMemory: memory.inMemoryBytes,
    accountId: config.accountId,
    memoryLimitBytes: memory.limitBytes,
    cacheBytes: memory.cacheBytes,
    maxAnswerBytes: memory.answerBytes,
    conversion: conversionChoiceOf(config),
    log,
  });
  const feed = new LiveFeed();
  const garbage = isMemoryLimited ? { onGarbage: fullCollector() } : {};
  const lines = new ConsoleLines({ write, hasColor, nowMs: monotonicMs, ...garbage });
  const ingest = new Ingest({
    store,
    log,
    lines,
    onChanged: (ids) => feed.changed(ids),
  });
  const account = { region: config.region === '' ? 'us-east-1' : config.region, accountId: config.accountId };
  const backend = new XRayBackend({ account, defaultSampling: config.defaultSampling }, { store, ingest, feed });
  const opening: Part = { name: 'local', start: () => backend.open(), stop: async () => {} };
  const exporter = new LocalExporter({
    ingest,
    lines,
    log,
    counters: accounting.counters,
    onStored: tee === undefined ? undefined : (documents, format) => tee.put(documents, format),
  });
  const pipeline = new Pipeline(
    config,
    { maxBytes: memory.bufferBytes, maxAgeMs: BATCH_MAX_AGE_MS, spool: spoolOf(config, memory), tunesHeap: true },
    { exporter, upstream: [store, opening, ...(tee === undefined ? [] : [tee])], accounting, log },
  );
  const { sink } = pipeline;
  const keepLogs: KeepLogs = async (logs) => {
    const texts = logs.map(({ traceId, log: record }) => ({ traceId, text: JSON.stringify(record) }));
    const kept = await store.write('putLogs', { logs: texts });
    // Makes the page reload the logs of a trace that it shows.
    feed.changed([...new Set(logs.map(({ traceId }) => traceId))]);
    return kept;
  };
  const receivers = receiversOf(loaded, meters, { sink, maxAgeMs: BATCH_MAX_AGE_MS, keepLogs });
  const { udp } = receivers;
  const status = (): ProcessStatus => {
    const { received, dropped } = accounting.snapshot();
    const lost = sumOf(dropped) + udp.kernelDrops();
    // TCP accepts requests shortly before UDP is bound.
    return { version: VERSION, address: formatAddress(udp.address ?? config.bind), received, lost };
  };
  const tcp = new XRayApi(
    {
      ...config.bindTcp,
      token,
      maxBodiesBytes: memory.bodiesBytes,
      maxConnections: memory.connections.base,
      ...garbage,
      freeMemory: memoryReliefOf(memory.limitBytes, store),
    },
    {
      backend,
      intake: new DocumentsIntake({ sink, ingest, accounting }),
      guard,
      log,
      counters: accounting.counters,
      status,
      otlp: lateOtlp({ meters, sink, mode: 'local', keepLogs }),
      sample: () => {
        const trace = sampleTrace(wallClockMs());
        return { traceId: trace.traceId, documents: mixedDocuments(trace) };
      },
    },
  );
  return { runtime: new Runtime(loaded, meters, { pipeline, receivers, tcp, tee }), receivers, token };
}

/** The code for OTLP is loaded with the first request. */
function lateOtlp(deps: SpanReceiverDeps): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let handler: HttpHandler | undefined;
  return async (request, response) => {
    handler ??= (await import('./span-receivers.ts')).otlpHandler(deps);
    await handler.serve(request, response);
  };
}

/**
 * On a loopback address, everybody on this machine may read; elsewhere readers need a token, unless the user turned
 * that off.
 */
function readersToken({ config }: LoadedConfig<'local'>, log: Logger): string {
  if (config.token !== '') return config.token;
  const isOpen = config.insecureBind || isLoopbackHost(config.bindTcp.host);
  return isOpen ? '' : randomToken(config.data, log);
}
