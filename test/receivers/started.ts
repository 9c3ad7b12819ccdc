import { RequestGuard } from '../../src/http/request-guard.ts';
import { CallPath } from '../../src/pipeline/call-path.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import type { DocumentFormat, DocumentSink, KeepAnswer, OfferAnswer, OnSettled } from '../../src/pipeline/segment.ts';
import { OtlpGrpcReceiver } from '../../src/receivers/otlp/grpc-receiver.ts';
import type { Listener } from '../../src/http/listening.ts';
import { httpReceiver as overHttp, type HttpHandler } from '../../src/receivers/http-receiver.ts';
import { OtlpHttp } from '../../src/receivers/otlp/http-protocol.ts';
import { OtherSignals, type KeepLogs } from '../../src/receivers/otlp/other-signals.ts';
import type { LogOfTrace } from '../../src/trace/log.ts';
import type { ServerCertificate } from '../../src/receivers/server-certificate.ts';
import { SpansHandler, type ReceiverConfig, type ReceiverDeps } from '../../src/receivers/spans-handler.ts';
import { ZipkinHttp } from '../../src/receivers/zipkin/http-protocol.ts';
import { SpansIntake, type Protocol } from '../../src/receivers/spans-intake.ts';
import { MemoryLog } from '../fakes/log.ts';
import type { Scope } from '../fakes/scope.ts';

/** Keeps what it accepts, and answers as the test says. */
export class KeepingSink implements DocumentSink {
  readonly documents: Buffer[] = [];
  readonly formats: DocumentFormat[] = [];
  readonly tickets: OnSettled[] = [];
  answer: OfferAnswer = 'accepted';
  isWritable = true;
  push = (): void => {};

  offer(documents: readonly Uint8Array[], format: DocumentFormat, onSettled?: OnSettled): OfferAnswer {
    if (this.answer !== 'accepted') return this.answer;
    this.documents.push(...documents.map((document) => Buffer.from(document)));
    this.formats.push(...documents.map(() => format));
    if (onSettled !== undefined) this.tickets.push(onSettled);
    return 'accepted';
  }

  async keep(documents: readonly Uint8Array[], format: DocumentFormat): Promise<KeepAnswer> {
    return this.isWritable ? this.offer(documents, format) : 'unwritable';
  }
}

export interface Started<R> {
  readonly receiver: R;
  readonly sink: KeepingSink;
  readonly log: MemoryLog;
  readonly url: string;
  /** Spans by result. */
  spans(): Record<string, number>;
  /** Requests that were refused before they were decoded, by reason. */
  refused(): Record<string, number>;
  /** Log records and data points, by signal and result. */
  others(): Record<string, number>;
  /** The logs that were kept. */
  readonly logs: LogOfTrace[];
}

interface Options extends Partial<ReceiverConfig> {
  readonly isConfirmed?: boolean;
  readonly maxWaitMs?: number;
  readonly keepLogs?: KeepLogs;
  readonly certificate?: ServerCertificate;
}

function parts(protocol: Protocol, { isConfirmed = false, maxWaitMs = 5_000, certificate, ...config }: Options) {
  const sink = new KeepingSink();
  const log = new MemoryLog();
  const counters = newCounters();
  const guard = new RequestGuard({ allowed: [], forClients: [], callPath: new CallPath() }, log);
  const intake = new SpansIntake({ sink, counters, protocol, isConfirmed, maxWaitMs });
  const spans = (): Record<string, number> =>
    Object.fromEntries(counters.spans.samples().map(([{ result }, count]) => [result, count]));
  const whole = {
    host: '127.0.0.1',
    port: 0,
    maxBodyBytes: 1e6,
    maxBodiesBytes: 8e6,
    maxConnections: 512,
    maxStreamsOfOne: 100,
    mode: 'local',
    ...config,
  } as const;
  const refused = (): Record<string, number> =>
    Object.fromEntries(counters.refusedRequests.samples().map(([{ reason }, count]) => [reason, count]));
  const others = (): Record<string, number> =>
    Object.fromEntries(
      counters.otherRecords.samples().map(([{ signal, result }, count]) => [`${signal} ${result}`, count]),
    );
  const logs: LogOfTrace[] = [];
  const keepLogs =
    config.keepLogs ??
    (async (kept: readonly LogOfTrace[]): Promise<number> => {
      logs.push(...kept);
      return kept.length;
    });
  const otherSignals = new OtherSignals({ keepLogs, counters, log });
  return { whole, sink, log, spans, refused, others, logs, deps: { intake, otherSignals, guard, log, certificate } };
}

export function httpReceiver(scope: Scope, options: Options = {}): Promise<Started<Listener>> {
  const handlerOf = (config: ReceiverConfig, deps: ReceiverDeps): HttpHandler =>
    new SpansHandler(new OtlpHttp(deps), config, deps);
  return started(scope, 'otlp_http', options, handlerOf);
}

export function zipkinReceiver(scope: Scope, options: Options = {}): Promise<Started<Listener>> {
  const handlerOf = (config: ReceiverConfig, deps: ReceiverDeps): HttpHandler =>
    new SpansHandler(new ZipkinHttp(deps), config, deps);
  return started(scope, 'zipkin', options, handlerOf);
}

async function started(
  scope: Scope,
  protocol: Protocol,
  options: Options,
  handlerOf: (config: ReceiverConfig, deps: ReceiverDeps) => HttpHandler,
): Promise<Started<Listener>> {
  const { whole, deps, ...others } = parts(protocol, options);
  const handler = handlerOf(whole, deps);
  const { log, certificate } = deps;
  const { maxConnections, maxBodiesBytes: maxUnreadBytes } = whole;
  const receiver = overHttp(whole, { handler, maxConnections, maxUnreadBytes, log, certificate });
  await receiver.start();
  scope.add(() => receiver.stop(AbortSignal.abort()));
  return { receiver, url: `http://127.0.0.1:${receiver.address!.port}`, ...others };
}

export async function grpcReceiver(scope: Scope, options: Options = {}): Promise<Started<OtlpGrpcReceiver>> {
  const { whole, deps, ...others } = parts('otlp_grpc', options);
  const receiver = new OtlpGrpcReceiver(whole, deps);
  await receiver.start();
  scope.add(() => receiver.stop(AbortSignal.abort()));
  return { receiver, url: `http://127.0.0.1:${receiver.address!.port}`, ...others };
}
