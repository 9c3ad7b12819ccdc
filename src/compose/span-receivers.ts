import type { Address } from '../pipeline/address.ts';
import { fullCollector } from '../pipeline/collector.ts';
import type { DocumentSink } from '../pipeline/segment.ts';
import { MB } from '../pipeline/units.ts';
import { HttpReceiver, type ReceiverConfig, type ReceiverDeps } from '../receivers/http-receiver.ts';
import { OtlpGrpcReceiver } from '../receivers/otlp/grpc-receiver.ts';
import { OtlpHttpHandler } from '../receivers/otlp/http-handler.ts';
import { SpansIntake, type Protocol } from '../receivers/spans-intake.ts';
import { ZipkinHandler } from '../receivers/zipkin/http-handler.ts';
import type { Server } from './late-server.ts';
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
}

/** A receiver of spans at `address`. */
export function spanReceiver(protocol: Protocol, address: Address, deps: SpanReceiverDeps): Server {
  const config = configOf(deps);
  const parts = partsOf(protocol, deps);
  const http = (handler: OtlpHttpHandler | ZipkinHandler): HttpReceiver =>
    new HttpReceiver(address, { handler, maxUnreadBytes: config.maxBodiesBytes, log: parts.log });
  switch (protocol) {
    case 'otlp_http':
      return http(new OtlpHttpHandler(config, parts));
    case 'otlp_grpc':
      return new OtlpGrpcReceiver({ ...address, ...config }, parts);
    case 'zipkin':
      return http(new ZipkinHandler(config, parts));
  }
}

/** OTLP over HTTP on a server that has other paths too. */
export function otlpHandler(deps: SpanReceiverDeps): OtlpHttpHandler {
  return new OtlpHttpHandler(configOf(deps), partsOf('otlp_http', deps));
}

function configOf({ meters: { memory }, mode }: SpanReceiverDeps): ReceiverConfig {
  const { limitBytes = Infinity } = memory;
  const maxBodyBytes = Math.min(MAX_BODY_BYTES, Math.max(MIN_BODY_BYTES, Math.floor(limitBytes / BODY_SHARE)));
  return { mode, maxBodyBytes, maxBodiesBytes: BODIES_AT_ONCE * maxBodyBytes };
}

function partsOf(
  protocol: Protocol,
  { meters: { accounting, memory, guard, log }, sink, mode }: SpanReceiverDeps,
): ReceiverDeps {
  // A person looks for the trace at once.
  const isConfirmed = mode === 'local';
  const intake = new SpansIntake({ sink, counters: accounting.counters, protocol, isConfirmed });
  const garbage = memory.limitBytes === undefined ? {} : { onGarbage: fullCollector() };
  return { intake, guard, log, ...garbage };
}
