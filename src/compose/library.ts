import { setTimeout as sleep } from 'node:timers/promises';
import { OPERATIONS } from '../formats/xray/operations.ts';
import { mergeConfig } from '../config/load.ts';
import type { OptionValue } from '../config/option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from '../config/schema.ts';
import { freePort } from './free-port.ts';
import { directCall, reasonIn } from '../aws/direct-call.ts';
import { arrayOf, member, objectOf, textOf } from '../json/json.ts';
import type { DocumentCounts, LocalXRayOptions, RecordedTrace, LocalXRay } from './library-types.ts';
import { buildLocal } from './local.ts';
import { sumOf } from '../pipeline/accounting.ts';
import { formatAddress } from '../pipeline/address.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import type { Receivers } from './receivers.ts';
import type { Runtime } from './runtime.ts';
import { traceIdInSearch } from '../filter/trace-id.ts';
import { lineLogger } from '../telemetry/line-logger.ts';

export type { DocumentCounts, LocalXRayOptions, RecordedTrace, LocalXRay } from './library-types.ts';

/** How often `waitForTrace` searches. */
const LOOK_MS = 25;
/**
 * Time for this process to send what it is about to send: a client first looks up a name, or waits for its next tick.
 */
const QUIET_MS = 100;
const STOP_MS = 5_000;
/** Longer than the store's own limit, so that the store can report what hangs. */
const CALL_MS = 70_000;
/** How long `settled` waits for segments to be stored. */
const SETTLE_MS = 60_000;
const IDS_A_CALL = 5;
/** From the epoch to far beyond any trace: a trace whose times are in milliseconds seems to be from the year 56,000. */
const ALWAYS = { StartTime: 0, EndTime: Number.MAX_VALUE };

/** The contract is in library-types.ts. */
export async function startLocalXRay({ port, data = '', onLog = () => {} }: LocalXRayOptions = {}): Promise<LocalXRay> {
  const bound = { host: '127.0.0.1', port: port ?? (await freePort()) };
  const address = formatAddress(bound);
  const values = new Map<OptionName, OptionValue>([
    ['bind', bound],
    ['bindTcp', bound],
    ...OPTION_NAMES.filter(canBeOff).map((name) => [name, 'off'] as const),
    // OTLP over HTTP comes to the TCP port of the API.
    ['otlpGrpc', ANY_PORT],
    ['zipkin', ANY_PORT],
    ['data', data],
  ]);
  const loaded = mergeConfig({
    commandLine: {
      command: 'local',
      isNamed: true,
      operands: [],
      values,
      written: new Map(),
      unused: [],
      warnings: [],
      problems: [],
    },
    env: {},
    file: undefined,
  });
  const { runtime, receivers } = buildLocal(loaded, {
    log: lineLogger(onLog),
    env: {},
    write: () => {},
    hasColor: false,
  });
  await runtime.start();
  return new Started(runtime, {
    daemon: address,
    otlpGrpc: addressAt('otlpGrpc', receivers),
    zipkin: addressAt('zipkin', receivers),
  });
}

const ANY_PORT = { host: '127.0.0.1', port: 0 };
/** SDKs would collect spans for 5 s, which is as long as `waitForTrace` waits. */
const SPAN_DELAY_MS = '200';

interface Addresses {
  readonly daemon: string;
  readonly otlpGrpc: string;
  readonly zipkin: string;
}

function addressAt(option: OptionName, { all }: Receivers): string {
  const bound = all.find((one) => one.option === option)?.server.address;
  return formatAddress(bound ?? ANY_PORT);
}

/** The library binds only what it offers. */
function canBeOff(name: OptionName): boolean {
  const spec = SPECS[name];
  return spec.kind === 'address' && spec.offIn?.includes('local') === true;
}

class Started implements LocalXRay {
  readonly daemonAddress: string;
  readonly url: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly zipkinUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, { daemon, otlpGrpc, zipkin }: Addresses) {
    this.#runtime = runtime;
    this.daemonAddress = daemon;
    this.url = `http://${daemon}`;
    this.otlpHttpUrl = this.url;
    this.otlpGrpcUrl = `http://${otlpGrpc}`;
    this.zipkinUrl = `http://${zipkin}/api/v2/spans`;
    this.env = {
      AWS_XRAY_DAEMON_ADDRESS: daemon,
      AWS_ENDPOINT_URL_XRAY: this.url,
      XRAYD_API: daemon,
      OTEL_EXPORTER_OTLP_ENDPOINT: this.otlpHttpUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: this.zipkinUrl,
      OTEL_BSP_SCHEDULE_DELAY: SPAN_DELAY_MS,
    };
  }

  async waitForTrace(
    filterExpression: string,
    { timeoutMs = 5_000, text = '' }: { readonly timeoutMs?: number; readonly text?: string } = {},
  ): Promise<RecordedTrace> {
    const endMs = performance.now() + timeoutMs;
    const id = traceIdInSearch(filterExpression);
    const lookUp = async (): Promise<readonly Summary[]> => {
      if (id !== undefined) return this.#summaries({ id, text });
      if (text !== '') return this.#summaries({ filter: filterExpression, text, limit: '1' });
      return (await this.#page(filterExpression)).TraceSummaries;
    };
    for (;;) {
      const summaries = await lookUp();
      const [found] = await this.#recorded(summaries.slice(0, 1));
      if (found !== undefined) return found;
      if (performance.now() > endMs)
        throw new Error(
          await this.#noSuchTrace([filterExpression, text].filter((part) => part !== '').join(' and '), timeoutMs),
        );
      await sleep(LOOK_MS);
    }
  }

  async traces(filterExpression?: string, { text = '' }: { readonly text?: string } = {}): Promise<RecordedTrace[]> {
    if (text !== '') return this.#recorded(await this.#summaries({ filter: filterExpression ?? '', text }));
    const traces: RecordedTrace[] = [];
    let token: string | null = null;
    do {
      const page: Page = await this.#page(filterExpression, token);
      traces.push(...(await this.#recorded(page.TraceSummaries)));
      token = page.NextToken;
    } while (token !== null);
    return traces;
  }

  async settled(): Promise<void> {
    let { received } = this.#runtime.accounting.snapshot();
    const endMs = monotonicMs() + SETTLE_MS;
    while (monotonicMs() < endMs) {
      await sleep(QUIET_MS);
      await this.#runtime.udp.caughtUp();
      const now = this.#runtime.accounting.snapshot();
      if (now.received === received && now.buffered === 0 && now.inFlight === 0) return;
      received = now.received;
    }
  }

  counts(): DocumentCounts {
    const { accounting, udp } = this.#runtime;
    const { received, rejected, unprocessed, dropped } = accounting.snapshot();
    return {
      received,
      refused: sumOf(rejected) + sumOf(unprocessed),
      lost: sumOf(dropped) + udp.kernelDrops(),
    };
  }

  async clear(): Promise<void> {
    await this.#post('/api/clear', {});
  }

  async stop(): Promise<void> {
    await this.#runtime.stop(AbortSignal.timeout(STOP_MS));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #page(filterExpression?: string, token: string | null = null): Promise<Page> {
    const answer = await this.#post(OPERATIONS.GetTraceSummaries.path, {
      ...ALWAYS,
      FilterExpression: filterExpression ?? null,
      NextToken: token,
    });
    return {
      TraceSummaries: arrayOf(member(answer, 'TraceSummaries')).map(summaryIn),
      NextToken: textOf(member(answer, 'NextToken')) ?? null,
    };
  }

  /** X-Ray's own API has no text search, and no summary of a trace by its ID. */
  async #summaries(parameters: Readonly<Record<string, string>>): Promise<Summary[]> {
    const query = new URLSearchParams(parameters);
    const answer = await directCall(`${this.url}/traces.ndjson?${query.toString()}`, {
      method: 'GET',
      timeoutMs: CALL_MS,
    });
    if (answer.status !== 200) throw new Error(`/traces.ndjson: ${reasonIn(answer)}`);
    return answer.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => summaryIn(JSON.parse(line)));
  }

  async #recorded(summaries: readonly Summary[]): Promise<RecordedTrace[]> {
    const recorded: RecordedTrace[] = [];
    for (let i = 0; i < summaries.length; i += IDS_A_CALL) {
      const some = summaries.slice(i, i + IDS_A_CALL);
      const answer = await this.#post(OPERATIONS.BatchGetTraces.path, { TraceIds: some.map(({ Id }) => Id) });
      const traces = arrayOf(member(answer, 'Traces'));
      for (const summary of some) {
        const trace = traces.find((each) => member(each, 'Id') === summary.Id);
        const segments = arrayOf(member(trace, 'Segments')).map((each) =>
          objectOf(JSON.parse(textOf(member(each, 'Document')) ?? '{}')),
        );
        recorded.push({ id: summary.Id, summary, segments });
      }
    }
    return recorded;
  }

  async #noSuchTrace(filterExpression: string, timeoutMs: number): Promise<string> {
    const { TraceSummaries } = await this.#page();
    const entries = TraceSummaries.map(
      ({ Id, EntryPoint }) => `${textOf(member(EntryPoint, 'Name')) ?? 'no root'} ${Id}`,
    );
    const there =
      entries.length === 0 ? 'There are no traces' : `These traces exist: ${entries.slice(0, 10).join(', ')}`;
    return `no trace matched ${filterExpression} within ${timeoutMs} ms. ${there}`;
  }

  async #post(path: string, body: object): Promise<unknown> {
    const answer = await directCall(this.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      timeoutMs: CALL_MS,
    });
    if (answer.status !== 200) throw new Error(`${path}: ${reasonIn(answer)}`);
    return JSON.parse(answer.text);
  }
}

interface Summary {
  readonly Id: string;
  readonly [member: string]: unknown;
}

function summaryIn(json: unknown): Summary {
  const Id = textOf(member(json, 'Id'));
  if (Id === undefined) throw new Error('a summary has no trace ID');
  return { ...objectOf(json), Id };
}

interface Page {
  readonly TraceSummaries: readonly Summary[];
  readonly NextToken: string | null;
}
