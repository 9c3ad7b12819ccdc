import type { Environment } from '../pipeline/environment.ts';
import { XRayExporter } from '../aws/exporter.ts';
import { TelemetryReporter } from '../aws/telemetry-reporter.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { conversionChoiceOf } from './conversion-choice.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { SpanEncoding } from '../receivers/spans-intake.ts';
import { SamplingProxy } from '../proxy/sampling-proxy.ts';
import { youngCollector } from './heap-tuning.ts';
import { metersOf } from './meters.ts';
import { Pipeline, spoolOf } from './pipeline.ts';
import { receiversOf, receivesSpans } from './receivers.ts';
import { Runtime } from './runtime.ts';
import { BATCH_MAX_AGE_MS, connectionTo, findDestination } from './xray-connection.ts';

/** The daemon: UDP → buffer → PutTraceSegments, and the sampling calls on TCP. Throws XRAYD_REGION. */
export async function buildDaemon(loaded: LoadedConfig<'daemon'>, env: Environment, log: Logger): Promise<Runtime> {
  const { config, origins } = loaded;
  const { bindTcp } = config;
  const destination = await findDestination(loaded, env, log);
  if (bindTcp === 'off') log.info({ from: origins.bindTcp }, 'TCP is off: SDKs sample by their local rules');
  const meters = metersOf(loaded, env, log);
  const { accounting, memory, guard, callPath } = meters;
  const { counters } = accounting;
  const { api, hints, credentials, upstream } = connectionTo(destination, { config, counters, log, callPath }, env);
  const exporter = new XRayExporter({ api, hints, log, counters });
  const reporter = new TelemetryReporter(
    { resourceArn: config.resourceArn, isLocalMode: config.localMode },
    { api, hints, snapshot: () => accounting.snapshot(), env, log },
  );
  const pipeline = new Pipeline(
    config,
    { maxBytes: memory.bufferBytes, maxAgeMs: BATCH_MAX_AGE_MS, spool: spoolOf(config, memory), tunesHeap: true },
    {
      exporter,
      upstream,
      watchers: config.telemetryRecords ? [reporter] : [],
      accounting,
      log,
    },
  );
  const { sink } = pipeline;
  const receivers = receiversOf(loaded, meters, {
    sink,
    maxAgeMs: BATCH_MAX_AGE_MS,
    encoding: await spanEncodingOf(config),
  });
  const tcp =
    bindTcp === 'off'
      ? undefined
      : new SamplingProxy(
          {
            ...bindTcp,
            allow: config.proxyAllow,
            maxBodiesBytes: memory.bodiesBytes,
            maxConnections: memory.connections.base,
          },
          {
            api,
            guard,
            sink,
            hints,
            log,
            counters,
            onGarbage: youngCollector(),
          },
        );
  return new Runtime(loaded, meters, { pipeline, receivers, tcp, credentials });
}

/** The code for OTLP is loaded only if a receiver of spans is on. */
async function spanEncodingOf(config: Config<'daemon'>): Promise<SpanEncoding | undefined> {
  if (!receivesSpans(config)) return undefined;
  const { segmentEncoding } = await import('./segment-encoding.ts');
  return segmentEncoding(conversionChoiceOf(config));
}
