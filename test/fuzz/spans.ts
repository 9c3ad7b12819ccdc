import { createSocket } from 'node:dgram';
import { Agent } from 'node:http';
import { otlpDocument, partsOf, segmentDocuments } from '../../src/formats/otlp/documents.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { judgeDocument } from '../fakes/document-rules.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER } from '../fakes/fixtures.ts';
import { mutated, Random } from '../fakes/random.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';
import type { FuzzConfig } from './config.ts';
import { throwAt } from './fuzz.ts';
import { Collection } from './memory.ts';
import { askHttp, GrpcClient, type SpansAnswer } from './spans-client.ts';
import { isBusy, isSuccess, Trials, type Protocol, type Trial } from './spans-requests.ts';

export interface SpansFuzzResult {
  readonly requests: number;
  readonly datagrams: number;
  /** Of each process: the daemon, and the local X-Ray. */
  readonly processes: readonly ProcessResult[];
}

export interface ProcessResult {
  readonly mode: string;
  readonly isAlive: boolean;
  /** Answers by protocol and status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers that no documentation has, and numbers that do not agree. */
  readonly problems: readonly string[];
  /** What the identity leaves unexplained; 0. */
  readonly imbalance: number;
  /** Resident memory in MB without garbage, after each quarter of the time, if that is a minute or more. */
  readonly collectedMb: readonly number[];
  readonly logLines: number;
}

const AT_ONCE = 24;
const QUARTERS = 4;
const MAX_PROBLEMS = 10;
/** Reading memory takes 5 s. */
const MIN_MEASURED_MS = 60_000;
const PORTS = ['--otlp-http', '127.0.0.1:0', '--otlp-grpc', '127.0.0.1:0', '--zipkin', '127.0.0.1:0', '-l', 'info'];
const TITLES: Readonly<Record<Protocol, RegExp>> = {
  otlp_http: /receiving OTLP over HTTP/,
  otlp_grpc: /receiving OTLP over gRPC/,
  zipkin: /receiving Zipkin/,
};
const RAW = [
  Buffer.from(
    'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  ),
  Buffer.from(
    'POST /api/v2/spans HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n2\r\n[]\r\n0\r\n\r\n',
  ),
  // HTTP/2: its preface, SETTINGS, HEADERS with one literal field, and DATA. Source: RFC 9113, 3.4 and 4.1.
  Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('000000040000000000', 'hex'),
    Buffer.from('000006010400000001838644017861', 'hex'),
    Buffer.from('0000050001000000010000000000', 'hex'),
  ]),
];

/** One process under test, and what it should have counted. */
class Target {
  readonly mode: 'daemon' | 'local';
  readonly daemon: DaemonProcess;
  readonly collection = new Collection();
  readonly statuses: Record<string, number> = {};
  readonly problems: string[] = [];
  readonly collectedMb: number[] = [];
  readonly #expected = new Map<string, number>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  #grpc: GrpcClient | undefined;
  /** Documents that requests have become. */
  documents = 0;

  constructor(mode: 'daemon' | 'local', args: readonly string[], command: readonly string[] | undefined) {
    this.mode = mode;
    this.daemon = new DaemonProcess({
      args: [...args, ...PORTS],
      env: { ...EXAMPLE_KEYS, ...this.collection.env },
      ...(command === undefined ? {} : { command }),
    });
  }

  #address(protocol: Protocol): string {
    return String(this.daemon.find(TITLES[protocol])?.['address']);
  }

  port(protocol: Protocol): number {
    return Number(this.#address(protocol).split(':').at(-1));
  }

  async run(trial: Trial): Promise<void> {
    const { protocol, request } = trial;
    this.#grpc ??= new GrpcClient(`http://${this.#address('otlp_grpc')}`);
    const answer =
      protocol === 'otlp_grpc'
        ? await this.#grpc.ask(request)
        : await askHttp(`http://${this.#address(protocol)}`, this.#agent, request);
    const key = `${protocol} ${answer.status}`;
    this.statuses[key] = (this.statuses[key] ?? 0) + 1;
    this.#judge(trial, answer);
  }

  #judge(trial: Trial, answer: SpansAnswer): void {
    const { request, allowed, decoded, protocol } = trial;
    const { status } = answer;
    if (request.isCut) return;
    const isUnread = status === 'reset' && request.headers['x-large'] !== undefined;
    const problem = allowed.has(status) || isUnread ? this.#problemOf(trial, answer) : `not ${[...allowed].join()}`;
    if (problem !== undefined) this.#report(problem, trial, answer);
    if (decoded === undefined) return;
    if (isSuccess(trial, status)) {
      this.#count(protocol, 'accepted', decoded.spans);
      this.#count(protocol, 'rejected', decoded.rejected.spans);
      for (const part of partsOf(decoded))
        this.documents += this.mode === 'local' ? 1 : (segmentDocuments(otlpDocument(part))?.length ?? 0);
    } else if (isBusy(trial, status)) this.#count(protocol, 'refused', decoded.spans);
  }

  /** What is wrong with an answer whose status is right. */
  #problemOf({ decoded, protocol }: Trial, { status, headers, body, message }: SpansAnswer): string | undefined {
    if ((status === '429' || status === '503') && headers['retry-after'] === undefined) return 'no Retry-After';
    if (protocol === 'otlp_grpc')
      return status !== 'grpc 0' && status.startsWith('grpc') && message === '' ? 'no message' : undefined;
    if (/^[45]/.test(status) && body.length === 0 && status !== '431') return 'no message';
    if (protocol !== 'otlp_http' || status !== '200' || decoded === undefined) return undefined;
    if (headers['content-type'] === 'application/json') {
      const { partialSuccess } = JSON.parse(body.toString()) as { partialSuccess?: { rejectedSpans: string } };
      const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
      return rejected === decoded.rejected.spans ? undefined : `rejected ${rejected} spans`;
    }
    return body.length > 0 === decoded.rejected.spans > 0 ? undefined : 'a partial success that is none';
  }

  #report(problem: string, { request, protocol }: Trial, { status, body, message }: SpansAnswer): void {
    const { method, path, headers, body: sent } = request;
    const what = JSON.stringify({ protocol, method, path, headers, body: sent.subarray(0, 2_000).toString('base64') });
    this.problems.push(`${status} (${problem}) ${message}${body.subarray(0, 200).toString()} ← ${what}`);
  }

  #count(protocol: Protocol, result: string, spans: number): void {
    const key = `xrayd_spans_total{protocol="${protocol}",result="${result}"}`;
    this.#expected.set(key, (this.#expected.get(key) ?? 0) + spans);
  }

  /** Waits until everything has arrived, and compares the counts. */
  async settle(datagrams: number): Promise<number> {
    if (!this.daemon.isRunning) return NaN;
    await eventually(async () => ledgerOf(await this.daemon.metrics()).here === 0, 60_000);
    const metrics = await this.daemon.metrics();
    for (const [key, spans] of this.#expected)
      if ((metrics[key] ?? 0) !== spans) this.problems.push(`${key} is ${metrics[key]}, and not ${spans}`);
    const { received, dropped, unprocessed, kernelDrops, imbalance } = ledgerOf(metrics);
    if (this.mode === 'daemon') {
      const wanted = this.documents + datagrams - kernelDrops;
      if (received !== wanted) this.problems.push(`received ${received}, and not ${wanted} documents`);
      if (unprocessed > 0) this.problems.push(`X-Ray refused ${unprocessed} documents`);
    }
    if (dropped > 0) this.problems.push(`dropped ${dropped} documents`);
    for (const { msg, ...line } of this.daemon.log)
      if (/please report/.test(msg)) this.problems.push(`${msg} ${JSON.stringify(line)}`);
    return imbalance;
  }

  async measure(): Promise<void> {
    if (this.daemon.isRunning) this.collectedMb.push(await this.collection.residentMb(this.daemon));
  }

  async end(): Promise<void> {
    this.#agent.destroy();
    this.#grpc?.close();
    await this.daemon.stop('SIGKILL');
    this.collection.end();
  }
}

/** Documents that X-Ray refused: spans that it would refuse are to be rejected before. */
function refusedOf(xray: FakeXRay): string[] {
  const bodies = xray
    .calls('/TraceSegments')
    .map(({ body }) => JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] });
  return bodies
    .flatMap(({ TraceSegmentDocuments }) => TraceSegmentDocuments)
    .flatMap((document) => {
      const refusal = judgeDocument(document);
      return refusal === undefined ? [] : [`X-Ray refuses ${JSON.stringify(refusal)}: ${document.slice(0, 2_000)}`];
    });
}

/**
 * Sends a daemon and a local X-Ray the same requests that no exporter sends, and compares what they answer and count
 * with what they should. Bounded in time; everything on loopback.
 */
export async function fuzzSpans({
  durationMs,
  seed,
  command,
  onProgress = () => {},
}: FuzzConfig): Promise<SpansFuzzResult> {
  const isMeasured = durationMs >= MIN_MEASURED_MS;
  const random = new Random(seed);
  const trials = new Trials(random, seed);
  const xray = await new FakeXRay().start();
  const targets = [
    new Target('daemon', ['--endpoint', xray.url, '-n', 'us-east-1'], command),
    new Target('local', ['local', '--data-size', '20'], command),
  ];
  const socket = createSocket('udp4');
  try {
    await Promise.all(targets.map(({ daemon }) => daemon.ready()));
    await eventually(() =>
      targets.every(({ daemon }) => Object.values(TITLES).every((title) => daemon.find(title) !== undefined)),
    );
    const startMs = performance.now();
    let [requests, datagrams, nextProgressMs] = [0, 0, 10_000];
    const isGoing = (): boolean =>
      targets.every(({ daemon, problems }) => daemon.isRunning && problems.length < MAX_PROBLEMS);
    for (let elapsedMs = 0; elapsedMs < durationMs && isGoing(); elapsedMs = performance.now() - startMs) {
      const batch = Array.from({ length: AT_ONCE }, () => trials.next());
      const datagram = Buffer.from(HEADER + trials.datagram());
      const raw = mutated(random.pick(RAW), random);
      const protocol = random.pick(['otlp_http', 'otlp_grpc', 'zipkin'] as const);
      await Promise.all(
        targets.map(async (target) => {
          await Promise.all([throwAt(target.port(protocol), raw), ...batch.map((trial) => target.run(trial))]);
          await new Promise<void>((done) => socket.send(datagram, target.daemon.udpPort, '127.0.0.1', () => done()));
        }),
      );
      requests += batch.length;
      datagrams++;
      targets[0]!.problems.push(...refusedOf(xray));
      // The fake keeps what it was asked; a long run must not fill this process.
      xray.requests.length = 0;
      xray.documents.length = 0;
      const quarter = Math.floor(((performance.now() - startMs) * QUARTERS) / durationMs);
      if (isMeasured && quarter > targets[0]!.collectedMb.length && quarter < QUARTERS)
        await Promise.all(targets.map((target) => target.measure()));
      if (elapsedMs > nextProgressMs) {
        nextProgressMs = elapsedMs + 10_000;
        onProgress(`${Math.round(elapsedMs / 1000)} s: ${requests} requests, ${datagrams} datagrams`);
      }
    }
    const processes = await Promise.all(
      targets.map(async (target): Promise<ProcessResult> => {
        const { daemon, mode, statuses, problems, collectedMb } = target;
        const imbalance = await target.settle(datagrams);
        if (isMeasured) await target.measure();
        const { isRunning: isAlive, log } = daemon;
        return { mode, isAlive, statuses, problems, imbalance, collectedMb, logLines: log.length };
      }),
    );
    return { requests, datagrams, processes };
  } finally {
    socket.close();
    await Promise.all(targets.map((target) => target.end()));
    await xray.stop();
  }
}
