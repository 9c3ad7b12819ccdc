/** Names of the labels of a counter, and their values in one count. */
type Labels<L extends string> = Readonly<Record<L, string>>;
/** The arguments of a count: nothing for a counter without labels. */
type Given<L extends string> = [L] extends [never] ? [] : [Labels<L>];

/**
 * Counts an event where it happens. Plain numbers without a metrics library, so that a count costs no more than an
 * addition (with labels, one look-up) and the receiving thread could have one too; src/telemetry/metrics.ts shows them
 * at a scrape.
 */
export class Counter<L extends string = string> {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly #samples = new Map<string, { readonly labels: Labels<L>; value: number }>();

  constructor(name: string, help: string, labels: readonly L[]) {
    this.name = name;
    this.help = help;
    this.labels = labels;
    // A counter without labels is shown as 0 from the start; one with labels shows what was counted.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without names it has no members
    if (labels.length === 0) this.#samples.set('', { labels: {} as Labels<L>, value: 0 });
  }

  /** Each distinct value of a label is kept: text from outside must be bounded by the caller. */
  inc(...labels: Given<L>): void {
    this.add(1, ...labels);
  }

  /** Counts `count` events at once. */
  add(count: number, ...[labels]: Given<L>): void {
    const key = labels === undefined ? '' : this.labels.map((label) => labels[label]).join('\0');
    const sample = this.#samples.get(key);
    if (sample !== undefined) sample.value += count;
    else if (labels !== undefined) this.#samples.set(key, { labels, value: count });
  }

  samples(): (readonly [labels: Labels<L>, value: number])[] {
    return Array.from(this.#samples.values(), ({ labels, value }) => [labels, value] as const);
  }
}

/** Durations of calls, in seconds. */
export class Histogram {
  readonly type = 'histogram';
  readonly labels = [];
  readonly name: string;
  readonly help: string;
  readonly buckets: readonly number[];
  /** Set by whoever shows it, which keeps the distribution. */
  onObserve: ((seconds: number) => void) | undefined;

  constructor(name: string, help: string, buckets: readonly number[]) {
    this.name = name;
    this.help = help;
    this.buckets = buckets;
  }

  observe(seconds: number): void {
    this.onObserve?.(seconds);
  }
}

function defineCounter<const L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): Counter<L> {
  return new Counter(name, help, labels);
}

function defineHistogram(name: string, help: string, buckets: readonly number[]): Histogram {
  return new Histogram(name, help, buckets);
}

/**
 * Events that a pipeline counts, apart from the documents themselves (accounting.ts). A line here is the metric: its
 * field, its row in docs/metrics.md and its method `inc`. The part that counts has the counters of its pipeline, from
 * its `counters` or its `accounting.counters`.
 */
export function newCounters() {
  return {
    credentialFailures: defineCounter(
      'xrayd_credentials_refresh_failures_total',
      'Failed requests to an AWS credentials provider, by reason: timeout, or error (the log has the message).',
      ['provider', 'reason'],
    ),
    calls: defineCounter(
      'xrayd_put_trace_segments_total',
      'PutTraceSegments calls, by outcome: sent, partial, rejected, or why the call is retried (not_xray: something other than X-Ray answered; docs/reliability.md lists them).',
      ['outcome'],
    ),
    callSeconds: defineHistogram(
      'xrayd_put_trace_segments_duration_seconds',
      'Duration of a PutTraceSegments call, from signing to the complete response.',
      [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
    requests: defineCounter('xrayd_proxy_requests_total', 'Requests on TCP 2000, by path and status.', [
      'path',
      'status',
    ]),
    spans: defineCounter(
      'xrayd_spans_total',
      'Spans received, by protocol (otlp_http, otlp_grpc, zipkin) and result: accepted, rejected (invalid, as the answer says), or refused (xrayd was full or stopping, or its spool could not be written; the sender keeps them). The segment documents of accepted spans count as received.',
      ['protocol', 'result'],
    ),
    refusedRequests: defineCounter(
      'xrayd_span_requests_refused_total',
      'Requests to the receivers of spans that were refused before their spans were counted, by protocol and reason: bodies (too many requests were being read), or requests (gRPC: too many were under way). The sender keeps them.',
      ['protocol', 'reason'],
    ),
    otherRecords: defineCounter(
      'xrayd_otlp_records_total',
      'Log records and data points that the local X-Ray received over OTLP, by signal (logs, metrics) and result: kept (with its trace), not_kept (metrics, and logs without a trace ID), over_limit (its trace has as many logs as are kept), or refused (the store was full or stopping; the sender keeps them).',
      ['signal', 'result'],
    ),
    rulesServed: defineCounter(
      'xrayd_sampling_rules_served_total',
      'Responses to GetSamplingRules, by source: upstream, cache (another client asked within 10 s), or stale (X-Ray was unavailable; the last good response, at most an hour old, was served).',
      ['source'],
    ),
  };
}

export type Counters = ReturnType<typeof newCounters>;

/** Counts a call of an exporter that began at `startedMs`, by `performance.now()`. */
export function countCall({ calls, callSeconds }: Counters, outcome: string, startedMs: number): void {
  calls.inc({ outcome });
  callSeconds.observe((performance.now() - startedMs) / 1000);
}
