import { Counter as PromCounter, Gauge, Histogram as PromHistogram, Registry } from 'prom-client';
import { DROP_REASONS, sumOf, type Accounting, type Snapshot } from '../pipeline/accounting.ts';
import { wallTimeOf } from '../pipeline/clock.ts';
import { newCounters, type Counter, type Histogram } from '../pipeline/counters.ts';
import { PROCESS_METRICS, processMetrics } from './process-metrics.ts';

/** The parts that are read at each scrape. A metric reads from a part what the part has. */
export interface MetricSources {
  readonly udp: { kernelDrops(): number };
  /** Times are on the monotonic clock; 0 = never. */
  readonly batcher: { readonly limitBytes: number; readonly concurrency: number; readonly lastReceivedMs: number };
  readonly exporter: { readonly lastSuccessMs: number };
  /** `expiresAtMs` is since the epoch; undefined if there are no credentials or they do not expire. */
  readonly credentials?: { readonly expiresAtMs: number | undefined } | undefined;
  /** Counts of the copies that a local X-Ray forwards to AWS. */
  readonly tee?: { read(): Snapshot } | undefined;
  readonly log: { readonly linesLost?: number };
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
  counter(
    'xrayd_segments_received_total',
    'Datagrams received on UDP, including rejected ones, and documents accepted over TCP (also those of OTLP and Zipkin spans).',
    (s) => s.received,
  ),
  counter(
    'xrayd_segments_rejected_total',
    'Datagrams that are not valid segments: empty (also the probe of `xrayd doctor`), no_document, bad_header, or otlp (local X-Ray: metrics of AWS Distro for OpenTelemetry, which it does not store, and bodies that cannot be decoded).',
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
  counter(
    'xrayd_segments_retried_total',
    'Number of times that a segment was put back to be sent again.',
    (s) => s.retried,
  ),
  counter(
    'xrayd_segments_restored_total',
    'Segments of an ended daemon that this one adopted from the spool.',
    (s) => s.restored,
  ),
  counter(
    'xrayd_kernel_drops_total',
    'Datagrams that the kernel dropped before xrayd could read them, because the socket buffer was full (Linux).',
    (_s, { udp }) => udp.kernelDrops(),
  ),
  gauge('xrayd_buffer_segments', 'Segments waiting to be sent.', (s) => s.buffered),
  gauge('xrayd_buffer_bytes', 'Used part of the buffer budget, including segments in flight.', (s) => s.bufferedBytes),
  gauge('xrayd_buffer_limit_bytes', 'The buffer budget.', (_s, { batcher }) => batcher.limitBytes),
  gauge('xrayd_in_flight_segments', 'Segments in calls that X-Ray has not answered yet.', (s) => s.inFlight),
  gauge('xrayd_spooled_segments', 'Segments of this daemon in the spool on disk.', (s) => s.spooled),
  gauge('xrayd_spooled_bytes', 'Bytes of this daemon in the spool on disk.', (s) => s.spooledBytes),
  gauge(
    'xrayd_upload_concurrency',
    'Current limit of concurrent calls to X-Ray.',
    (_s, { batcher }) => batcher.concurrency,
  ),
  gauge(
    'xrayd_credentials_expiry_timestamp_seconds',
    'When the current credentials expire. Absent if they do not expire or there are none.',
    (_s, { credentials }) => (credentials?.expiresAtMs === undefined ? undefined : credentials.expiresAtMs / SECONDS),
  ),
  gauge(
    'xrayd_last_segment_received_timestamp_seconds',
    'When segments last arrived, over any protocol; 0 = not yet.',
    (_s, { batcher }) => secondsOf(batcher.lastReceivedMs),
  ),
  gauge('xrayd_last_success_timestamp_seconds', 'When X-Ray last accepted segments; 0 = not yet.', (_s, { exporter }) =>
    secondsOf(exporter.lastSuccessMs),
  ),
  counter(
    'xrayd_tee_segments_total',
    'Local X-Ray with --tee: copies of segments for AWS, by outcome: sent, dropped or unprocessed.',
    (_s, { tee }) => {
      const teed = tee?.read();
      return teed === undefined
        ? undefined
        : by('outcome', { sent: teed.sent, dropped: sumOf(teed.dropped), unprocessed: sumOf(teed.unprocessed) });
    },
    'outcome',
  ),
  counter(
    'xrayd_console_lines_lost_total',
    'Log lines lost because nobody read the console or it could not be written.',
    (_s, { log }) => log.linesLost,
  ),
];

function counter(name: string, help: string, read: Metric['read'], ...labels: string[]): Metric {
  return { name, type: 'counter', help, labels, read };
}

function gauge(name: string, help: string, read: Metric['read'], ...labels: string[]): Metric {
  return { name, type: 'gauge', help, labels, read };
}

function secondsOf(monotonic: number): number {
  return monotonic === 0 ? 0 : wallTimeOf(monotonic) / SECONDS;
}

/** Renders /metrics. All numbers of a scrape are from the same moment, so that the accounting identity holds. */
export class MetricsPage {
  readonly #registry = new Registry();
  readonly #accounting: Accounting;
  /** The metrics that are updated at each scrape. */
  readonly #values: {
    instrument: Instrument;
    hasLabels: boolean;
    read: (snapshot: Snapshot, sources: MetricSources) => Samples | undefined;
  }[];
  readonly #readProcess: () => void;
  #rendering: Promise<unknown> = Promise.resolve();
  /** The text that is rendered next. */
  #next: Promise<string> | undefined;

  constructor(version: string, accounting: Accounting) {
    this.#accounting = accounting;
    const registers = [this.#registry];
    this.#values = METRICS.map((metric) => ({ ...instrumentOf(metric, registers), read: metric.read }));
    for (const event of Object.values<Counter | Histogram>(accounting.counters)) {
      if (event.type === 'counter') {
        this.#values.push({ ...instrumentOf(event, registers), read: () => event.samples() });
      } else {
        const { name, help, buckets } = event;
        const histogram = new PromHistogram({ name, help, buckets: [...buckets], registers });
        event.onObserve = (seconds) => histogram.observe(seconds);
      }
    }
    this.#readProcess = processMetrics(this.#registry, version);
  }

  /**
   * The text for Prometheus. prom-client renders in several turns, so a scrape waits for the previous one. All that wait
   * share a text: thousands of scrapes at once would take a second.
   */
  render(sources: MetricSources): Promise<string> {
    if (this.#next !== undefined) return this.#next;
    const rendered = this.#rendering.then(() => {
      this.#next = undefined;
      this.#read(sources);
      return this.#registry.metrics();
    });
    this.#next = rendered;
    this.#rendering = rendered.catch(() => {});
    return rendered;
  }

  #read(sources: MetricSources): void {
    const snapshot = this.#accounting.snapshot();
    for (const { instrument, hasLabels, read } of this.#values) {
      const samples = read(snapshot, sources);
      instrument.reset();
      if (typeof samples === 'number') instrument.inc(samples);
      else if (samples !== undefined) for (const [labels, value] of samples) instrument.inc(labels, value);
      // prom-client shows 0 where nothing was counted; here there is nothing to show.
      else if (!hasLabels) instrument.remove();
    }
    this.#readProcess();
  }
}

type Instrument = PromCounter | Gauge;

function instrumentOf(
  { name, help, labels, type }: Omit<Metric, 'read'>,
  registers: Registry[],
): { instrument: Instrument; hasLabels: boolean } {
  const options = { name, help, labelNames: [...labels], registers };
  return {
    instrument: type === 'counter' ? new PromCounter(options) : new Gauge(options),
    hasLabels: labels.length > 0,
  };
}

/** docs/metrics.md. */
export function metricsDoc(): string {
  const rows = [...METRICS, ...Object.values<Counter | Histogram>(newCounters())].map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
  );
  const processRows = PROCESS_METRICS.map(({ name, help, type }) => `| \`${name}\` | ${type} | | ${help} |`);
  return `<!-- Generated from src/telemetry by \`npm run docs\`. Do not edit. -->

# Metrics

\`GET /metrics\` on the HTTP address (default 127.0.0.1:2001), in the Prometheus text format.

Every segment is counted in exactly one place.
At every scrape, this equation holds exactly:

\`\`\`text
received + restored = rejected + dropped + sent + unprocessed + buffer_segments + in_flight_segments + spooled_segments
\`\`\`

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
