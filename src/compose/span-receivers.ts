import type { Address } from '../pipeline/address.ts';
import { fullCollector } from '../pipeline/collector.ts';
import { XraydError } from '../pipeline/errors.ts';
import type { DocumentSink } from '../pipeline/segment.ts';
import { MB } from '../pipeline/units.ts';
import { httpReceiver, type HttpHandler } from '../receivers/http-receiver.ts';
import { OtlpGrpcReceiver } from '../receivers/otlp/grpc-receiver.ts';
import { OtlpHttp } from '../receivers/otlp/http-protocol.ts';
import { OtherSignals, type KeepLogs } from '../receivers/otlp/other-signals.ts';
import { ServerCertificate, type CertificateFiles } from '../receivers/server-certificate.ts';
import {
  SpansHandler,
  type ReceiverConfig,
  type ReceiverDeps,
  type SpansProtocol,
} from '../receivers/spans-handler.ts';
import { SpansIntake, type Protocol, type SpanEncoding } from '../receivers/spans-intake.ts';
import { ZipkinHttp } from '../receivers/zipkin/http-protocol.ts';
import { growYoungGeneration } from './heap-tuning.ts';
import type { Server } from './late-server.ts';
import { isMemoryScarce } from './memory-budget.ts';
import type { Meters } from './meters.ts';

/** The limit that the OTLP specification recommends for a request after decompression. */
const MAX_BODY_BYTES = 64 * MB;
/** SDKs send half a megabyte at a time. */
const MIN_BODY_BYTES = 2 * MB;
/** A decoded request takes several times its bytes. */
const BODY_SHARE = 64;
const BODIES_AT_ONCE = 2;

export interface SpanReceiverDeps {
  readonly meters: Meters;
  readonly sink: DocumentSink;
  readonly mode: 'daemon' | 'local';
  /** OTLP by default. */
  readonly encoding?: SpanEncoding | undefined;
  /** Keeps logs of traces; undefined in the daemon. */
  readonly keepLogs?: KeepLogs | undefined;
}

const HTTP_PROTOCOLS: Readonly<Record<Exclude<Protocol, 'otlp_grpc'>, (deps: ReceiverDeps) => SpansProtocol<string>>> =
  {
    otlp_http: (deps) => new OtlpHttp(deps),
    zipkin: (deps) => new ZipkinHttp(deps),
  };

/** A receiver of spans at `address`. Rejects with XRAYD_CONFIG if its certificate cannot be used. */
export async function spanReceiver(
  protocol: Protocol,
  address: Address,
  deps: SpanReceiverDeps & { readonly tls: CertificateFiles },
): Promise<Server> {
  const config = configOf(deps);
  const certificate = protocol.startsWith('otlp_') ? await certificateOf(deps.tls) : undefined;
  const parts = { ...partsOf(protocol, deps), certificate };
  if (protocol === 'otlp_grpc') return new OtlpGrpcReceiver({ ...address, ...config }, parts);
  const handler = new SpansHandler(HTTP_PROTOCOLS[protocol](parts), config, parts);
  const limits = { maxConnections: config.maxConnections, maxUnreadBytes: config.maxBodiesBytes };
  return httpReceiver(address, { handler, ...limits, log: parts.log, certificate });
}

async function certificateOf(files: CertificateFiles): Promise<ServerCertificate | undefined> {
  if (files.certFile === '' && files.keyFile === '') return undefined;
  if (files.certFile !== '' && files.keyFile !== '') return ServerCertificate.read(files);
  const [has, lacks] = files.certFile === '' ? ['key', 'cert'] : ['cert', 'key'];
  throw new XraydError('XRAYD_CONFIG', `--otlp-tls-${has} needs --otlp-tls-${lacks} too.`);
}

/** OTLP over HTTP on a server that has other paths too. */
export function otlpHandler(deps: SpanReceiverDeps): HttpHandler {
  const config = configOf(deps);
  const parts = partsOf('otlp_http', deps);
  return new SpansHandler(new OtlpHttp(parts), config, parts);
}

function configOf({ meters: { memory }, mode }: SpanReceiverDeps): ReceiverConfig {
  const { limitBytes = Infinity } = memory;
  const maxBodyBytes = Math.min(MAX_BODY_BYTES, Math.max(MIN_BODY_BYTES, Math.floor(limitBytes / BODY_SHARE)));
  const { receiver: maxConnections, streamsOfOne: maxStreamsOfOne } = memory.connections;
  return { mode, maxBodyBytes, maxBodiesBytes: BODIES_AT_ONCE * maxBodyBytes, maxConnections, maxStreamsOfOne };
}

function partsOf(
  protocol: Protocol,
  { meters: { accounting, memory, guard, log }, sink, mode, encoding, keepLogs }: SpanReceiverDeps,
): ReceiverDeps {
  // A person looks for the trace at once.
  const isConfirmed = mode === 'local';
  const growth = isMemoryScarce(memory.limitBytes) ? {} : { beforeEncoding: growYoungGeneration };
  const { counters } = accounting;
  const intake = new SpansIntake({ sink, counters, protocol, isConfirmed, encoding, ...growth });
  const garbage = memory.limitBytes === undefined ? {} : { onGarbage: fullCollector() };
  const otherSignals = new OtherSignals({ keepLogs, counters, log });
  return { intake, otherSignals, guard, log, ...garbage };
}
