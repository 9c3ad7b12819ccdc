import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DROP_REASONS, sumOf, type Snapshot } from '../pipeline/accounting.ts';
import { wallTimeOf } from '../pipeline/clock.ts';
import { processMetrics } from './process-metrics.ts';

/** Where the metrics are read from at each scrape. */
export interface MetricSources {
  snapshot(): Snapshot;
  kernelDrops(): number;
  bufferLimitBytes(): number;
  concurrency(): number;
  /** In ms since the epoch; undefined if there are no credentials or they do not expire. */
  credentialsExpireAtMs(): number | undefined;
  /** Failed attempts to get credentials; undefined where none are needed. */
  credentialFailures?(): readonly { readonly provider: string; readonly reason: string; readonly count: number }[] | undefined;
  /** When a batch was last accepted, on the monotonic clock; 0 = never. */
  lastSuccessMs(): number;
  /** Counts of the copies that a local X-Ray forwards to AWS; undefined if it forwards none. */
  teed?(): Snapshot | undefined;
  /** Lines that could not be written to the console. */
  linesLost?(): number | undefined;
}

/** A value for each combination of labels. */
export type Samples = number | readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** undefined: nothing to show yet. */
  readonly read: (snapshot: Snapshot, sources: MetricSources) => Samples | undefined;
}

function by(label: string, counts: Readonly<Record<string, number>>): Samples {
  return Object.entries(counts).map(([key, value]) => [{ [label]: key }, value] as const);
}

const SECONDS = 1000;

/** All metrics that are read at each scrape. docs/metrics.md is generated from them. */
export const METRICS: readonly Metric[] = [
  counter('xrayd_segments_received_total', 'Datagrams received on UDP and documents taken on TCP, including rejected ones.', (s) => s.received),
  counter(
    'xrayd_segments_rejected_total',
    'Datagrams that are not valid segments: empty, no_document, bad_header, or otlp (local X-Ray: OTLP spans, which it does not store).',
    (s) => by('reason', s.rejected),
    'reason',
  ),
  counter(
    'xrayd_segments_dropped_total',
    `Valid segments lost here: ${Object.keys(DROP_REASONS).join(', ')}.`,
    (s) => by('reason', s.dropped),
    'reason',
  ),
  counter('xrayd_segments_sent_total', 'Segments that X-Ray accepted.', (s) => s.sent),
  counter(
    'xrayd_segments_unprocessed_total',
    "Segments refused permanently, by X-Ray's error code; http_413: a gateway refused the segment because of its size.",
    (s) => by('code', s.unprocessed),
    'code',
  ),
  counter('xrayd_segments_retried_total', 'Number of times that a segment was put back to be sent again.', (s) => s.retried),
  counter('xrayd_segments_restored_total', 'Segments of an ended daemon that this one adopted from the spool.', (s) => s.restored),
  counter(
    'xrayd_kernel_drops_total',
    'Datagrams that the kernel dropped before xrayd could read them, because the socket buffer was full (Linux).',
    (_s, m) => m.kernelDrops(),
  ),
  gauge('xrayd_buffer_segments', 'Segments waiting to be sent.', (s) => s.buffered),
  gauge('xrayd_buffer_bytes', 'Used part of the buffer budget, including segments in flight.', (s) => s.bufferedBytes),
  gauge('xrayd_buffer_limit_bytes', 'The buffer budget.', (_s, m) => m.bufferLimitBytes()),
  gauge('xrayd_in_flight_segments', 'Segments in calls that X-Ray has not answered yet.', (s) => s.inFlight),
  gauge('xrayd_spooled_segments', 'Segments of this daemon in the spool on disk.', (s) => s.spooled),
  gauge('xrayd_spooled_bytes', 'Bytes of this daemon in the spool on disk.', (s) => s.spooledBytes),
  gauge('xrayd_upload_concurrency', 'Current limit of concurrent calls to X-Ray.', (_s, m) => m.concurrency()),
  gauge(
    'xrayd_credentials_expiry_timestamp_seconds',
    'When the current credentials expire. Absent if they do not expire or there are none.',
    (_s, m) => {
      const ms = m.credentialsExpireAtMs();
      return ms === undefined ? undefined : ms / SECONDS;
    },
  ),
  counter(
    'xrayd_credentials_refresh_failures_total',
    'Failed requests to an AWS credentials provider, by reason: timeout, or error (the log has the message).',
    (_s, m) => m.credentialFailures?.()?.map(({ provider, reason, count }) => [{ provider, reason }, count]),
    'provider',
    'reason',
  ),
  gauge('xrayd_last_success_timestamp_seconds', 'When X-Ray last accepted segments; 0 = not yet.', (_s, m) => {
    const ms = m.lastSuccessMs();
    return ms === 0 ? 0 : wallTimeOf(ms) / SECONDS;
  }),
  counter(
    'xrayd_tee_segments_total',
    'Local X-Ray with --tee: copies of segments for AWS, by outcome: sent, dropped or unprocessed.',
    (_s, m) => {
      const teed = m.teed?.();
      return teed === undefined ? undefined : by('outcome', { sent: teed.sent, dropped: sumOf(teed.dropped), unprocessed: sumOf(teed.unprocessed) });
    },
    'outcome',
  ),
  counter('xrayd_console_lines_lost_total', 'Log lines lost because nobody read the console or it could not be written.', (_s, m) => m.linesLost?.()),
];

/** Metrics that are counted as events happen, because no other count exists from which they could be read. */
export const LIVE_METRICS = {
  calls: {
    name: 'xrayd_put_trace_segments_total',
    help: 'PutTraceSegments calls, by outcome: sent, partial, rejected, or why the call is retried (not_xray: something other than X-Ray answered; docs/reliability.md lists them).',
  },
  durations: {
    name: 'xrayd_put_trace_segments_duration_seconds',
    help: 'Duration of a PutTraceSegments call, from signing to the complete response.',
  },
  rules: {
    name: 'xrayd_sampling_rules_served_total',
    help: 'Responses to GetSamplingRules, by source: upstream, cache (another client asked within 10 s), or stale (X-Ray was unavailable; the last good response, at most an hour old, was served).',
  },
  requests: { name: 'xrayd_proxy_requests_total', help: 'Requests on TCP 2000, by path and status.' },
} as const;

function counter(name: string, help: string, read: Metric['read'], ...labels: string[]): Metric {
  return { name, type: 'counter', help, labels, read };
}

function gauge(name: string, help: string, read: Metric['read'], ...labels: string[]): Metric {
  return { name, type: 'gauge', help, labels, read };
}

/** Renders /metrics. All numbers of a scrape are from the same moment, so that the accounting identity holds. */
export class MetricsPage {
  readonly #registry = new Registry();
  readonly #values: { metric: Metric; instrument: Counter | Gauge }[];
  readonly #calls: Counter;
  readonly #durations: Histogram;
  readonly #requests: Counter;
  readonly #rules: Counter;
  readonly #readProcess: () => void;
  #rendering: Promise<unknown> = Promise.resolve();

  constructor(version: string) {
    const registers = [this.#registry];
    this.#values = METRICS.map((metric) => {
      const options = { name: metric.name, help: metric.help, labelNames: [...metric.labels], registers };
      return { metric, instrument: metric.type === 'counter' ? new Counter(options) : new Gauge(options) };
    });
    this.#calls = new Counter({ ...LIVE_METRICS.calls, labelNames: ['outcome'], registers });
    const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    this.#durations = new Histogram({ ...LIVE_METRICS.durations, buckets, registers });
    this.#requests = new Counter({ ...LIVE_METRICS.requests, labelNames: ['path', 'status'], registers });
    this.#rules = new Counter({ ...LIVE_METRICS.rules, labelNames: ['source'], registers });
    this.#readProcess = processMetrics(this.#registry, version);
  }

  countCall(outcome: string, seconds: number): void {
    this.#calls.inc({ outcome });
    this.#durations.observe(seconds);
  }

  countRequest(path: string, status: number): void {
    this.#requests.inc({ path, status: String(status) });
  }

  countRules(source: string): void {
    this.#rules.inc({ source });
  }

  /** The text for Prometheus. prom-client renders in several turns, so a scrape waits for the previous one. */
  render(sources: MetricSources): Promise<string> {
    const rendered = this.#rendering.then(() => {
      this.#read(sources);
      return this.#registry.metrics();
    });
    this.#rendering = rendered.catch(() => {});
    return rendered;
  }

  #read(sources: MetricSources): void {
    const snapshot = sources.snapshot();
    for (const { metric, instrument } of this.#values) {
      const samples = metric.read(snapshot, sources);
      instrument.reset();
      if (samples === undefined) {
        if (metric.labels.length === 0) instrument.remove();
      } else if (typeof samples === 'number') {
        instrument.inc(samples);
      } else {
        for (const [labels, value] of samples) instrument.inc(labels, value);
      }
    }
    this.#readProcess();
  }
}

/** docs/metrics.md. */
export function metricsDoc(processHelp: readonly { name: string; help: string; type: string }[]): string {
  const live = [
    { ...LIVE_METRICS.calls, type: 'counter', labels: ['outcome'] },
    { ...LIVE_METRICS.durations, type: 'histogram', labels: [] },
    { ...LIVE_METRICS.requests, type: 'counter', labels: ['path', 'status'] },
    { ...LIVE_METRICS.rules, type: 'counter', labels: ['source'] },
  ];
  const rows = [...METRICS, ...live].map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
  );
  const processRows = processHelp.map(({ name, help, type }) => `| \`${name}\` | ${type} | | ${help} |`);
  return `<!-- Generated from src/telemetry by \`npm run docs\`. Do not edit. -->

# Metrics

\`GET /metrics\` on the HTTP address (default 127.0.0.1:2001), in the Prometheus text format.

Every segment is in exactly one place. In each scrape this holds to the segment:

    received + restored = rejected + dropped + sent + unprocessed + buffer_segments + in_flight_segments + spooled_segments

Applications sent \`received + kernel_drops\`, plus whatever the network lost.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

## The process

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${processRows.join('\n')}
`;
}
