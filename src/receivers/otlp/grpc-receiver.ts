import {
  constants,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { exportAnswer, RPC_CODE, statusAnswer, type OtherSignal } from '../../formats/otlp/answers.ts';
import { BodyReader } from '../../http/body.ts';
import { Listener } from '../../http/listening.ts';
import type { Address } from '../../pipeline/address.ts';
import { afterEvery } from '../../pipeline/collector.ts';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { readMessage } from './grpc-message.ts';
import { decodeTraces } from '../../formats/otlp/decode.ts';
import type { ReceiverConfig, ReceiverDeps } from '../spans-handler.ts';
import { Http2Connections, http2LimitsOf } from './http2-connections.ts';
import type { IntakeAnswer } from '../spans-intake.ts';

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** Signals that only the local X-Ray takes. */
const OTHERS: Readonly<Record<string, OtherSignal>> = {
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
};

/** Node's default of 64 KB makes a request of 1 MB wait several times for its client. */
const WINDOW_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** gRPC's clients send some ten headers. */
const MAX_HEADERS = 64;
/** Requests with too large a head, which is decoded nevertheless, before the connection is closed. */
const MAX_REJECTED = 10;
/** In MB; Node's smallest. What a connection may hold besides bodies. */
const MAX_SESSION_MEMORY = 1;
/** Requests that a client cancels each second, after as many at once as it may have under way. */
const RESETS_PER_SECOND = 33;
/** What the objects of a request take. */
const STREAM_BYTES = 8 * 1024;
const GARBAGE_BYTES = 4 * 1024 * 1024;
/** For a whole request. */
const STREAM_MS = 15_000;
const RETRY_AFTER_MS = 1_000;
/** Time for a client to read an answer that comes before the end of its request. */
const LINGER_MS = 1_000;

/** The response message. */
interface Success {
  readonly bytes: Buffer;
}

/** A gRPC status other than OK. */
interface Failure {
  readonly code: number;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/**
 * OTLP over gRPC. The one unary method needs little of gRPC. Source: gRPC over HTTP2
 * (grpc/doc/PROTOCOL-HTTP2.md); OTLP specification 1.9, OTLP/gRPC.
 */
export class OtlpGrpcReceiver implements Component {
  readonly name = 'otlp-grpc';
  readonly title = 'OTLP over gRPC';
  readonly #config: ReceiverConfig & Address;
  readonly #deps: ReceiverDeps;
  readonly #bodies: BodyReader;
  readonly #connections: Http2Connections;
  readonly #noteGarbage: (bytes: number) => void;
  readonly #listener: Listener;

  constructor(config: ReceiverConfig & Address, deps: ReceiverDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#bodies = new BodyReader(config.maxBodiesBytes, deps.onGarbage);
    this.#noteGarbage = afterEvery(GARBAGE_BYTES, deps.onGarbage ?? (() => {}));
    const { name, title } = this;
    const { log, certificate } = deps;
    const limits = http2LimitsOf(config);
    const options = {
      settings: {
        initialWindowSize: WINDOW_BYTES,
        maxConcurrentStreams: limits.maxStreamsOfOne,
        maxHeaderListSize: MAX_HEADER_BYTES,
        enablePush: false,
      },
      maxHeaderListPairs: MAX_HEADERS,
      maxSessionMemory: MAX_SESSION_MEMORY,
      streamResetBurst: limits.maxStreamsOfOne,
      streamResetRate: RESETS_PER_SECOND,
      maxSessionRejectedStreams: MAX_REJECTED,
      maxSessionInvalidFrames: 100,
    };
    const server =
      certificate === undefined
        ? createServer(options)
        : certificate.serve(createSecureServer({ ...options, ...certificate.options }), { title, log });
    const connections = new Http2Connections(server, limits);
    this.#connections = connections;
    server.on('session', onSession);
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void this.#serve(stream, headers));
    const error = { key: `${name}_server`, message: `error on the port of ${title}` };
    this.#listener = new Listener(
      { name, address: config, started: `receiving ${title}`, error },
      {
        server,
        log,
        finish: () => connections.finish(),
        cut: () => connections.cut(),
      },
    );
  }

  get state(): ComponentState {
    return this.#listener.state;
  }

  get address(): Address | undefined {
    return this.#listener.address;
  }

  /** Rejects with XRAYD_BIND. */
  start(): Promise<void> {
    return this.#listener.start();
  }

  stop(deadline: AbortSignal): Promise<void> {
    return this.#listener.stop(deadline);
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => {});
    const headerBytes = bytesOf(headers);
    if (!this.#connections.admit(stream)) {
      this.#deps.intake.countRefused('requests');
      this.#noteGarbage(headerBytes + STREAM_BYTES);
      return;
    }
    this.#noteGarbage(headerBytes);
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), STREAM_MS);
    stream.once('close', () => clearTimeout(timer));
    try {
      if (!/^application\/grpc(\+proto)?\s*(;|$)/i.test(headers['content-type'] ?? '')) {
        // Not gRPC: HTTP's own status. Source: PROTOCOL-HTTP2.md, requests.
        stream.respond({ ':status': 415 }, { endStream: true });
        stream.resume();
        return;
      }
      const answer = await this.#answer(stream, headers);
      if (stream.destroyed) return;
      if ('code' in answer) fail(stream, answer);
      else succeed(stream, answer.bytes);
    } catch (error) {
      // The client disconnected, or took too long.
      if (stream.destroyed || stream.aborted) return;
      this.#deps.log.limited(
        'otlp_grpc_request',
        'error',
        { error: messageOf(error) },
        'an OTLP request failed; please report this',
      );
      fail(stream, { code: RPC_CODE.internal, message: 'xrayd failed; see its log' });
    }
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<Success | Failure> {
    const { mode, maxBodyBytes: maxBytes } = this.#config;
    const path = headers[':path'] ?? '';
    const problem = this.#deps.guard.problem(headOf(headers), mode === 'local' ? 'local-pages' : 'clients');
    if (problem !== undefined) return { code: RPC_CODE.permissionDenied, message: problem.message };
    const other = OTHERS[path];
    if (path !== TRACES && (other === undefined || mode === 'daemon'))
      return { code: RPC_CODE.unimplemented, message: `xrayd takes spans at ${TRACES}` };
    const message = await readMessage(stream, textOf(headers['grpc-encoding']), { bodies: this.#bodies, maxBytes });
    if ('code' in message) {
      if (message.isBusy !== true) return message;
      this.#deps.intake.countRefused('bodies');
      return { ...message, retryAfterMs: RETRY_AFTER_MS };
    }
    let taking: Promise<IntakeAnswer>;
    try {
      // Decoded before the first wait.
      taking =
        other === undefined
          ? this.#deps.intake.take(decodeTraces(message.bytes))
          : this.#deps.otherSignals.take(other, message.bytes, 'protobuf');
    } finally {
      message.release();
    }
    return resultOf(await taking);
  }
}

function bytesOf(headers: IncomingHttpHeaders): number {
  return Object.values(headers).reduce((sum, value) => sum + (value?.length ?? 0), 0);
}

function onSession(session: ServerHttp2Session): void {
  // What is not HTTP/2, and a client that disconnects.
  session.on('error', () => {});
  session.setLocalWindowSize(WINDOW_BYTES * 4);
}

/** Node joins the values of most headers that occur more than once. */
function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(', ') : header;
}

/** As the guard reads it. Source: RFC 9113, 8.3.1: `:authority` stands for Host. */
function headOf(headers: IncomingHttpHeaders) {
  const authority = headers[':authority'] ?? headers.host;
  return {
    headers: { ...headers, host: authority },
    rawHeaders: authority === undefined ? [] : ['host', authority],
    url: headers[':path'] ?? '/',
    httpVersion: '2.0',
  };
}

function resultOf(answer: IntakeAnswer): Success | Failure {
  switch (answer.kind) {
    case 'accepted':
      return { bytes: exportAnswer(answer.rejected, 'protobuf') };
    case 'malformed':
      return { code: RPC_CODE.invalidArgument, message: answer.message };
    case 'too_large':
      return { code: RPC_CODE.resourceExhausted, message: answer.message };
    default:
      return { code: RPC_CODE.unavailable, message: answer.message, retryAfterMs: RETRY_AFTER_MS };
  }
}

const FRAME_BYTES = 5;

function succeed(stream: ServerHttp2Stream, message: Buffer): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity,gzip' },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  const frame = Buffer.alloc(FRAME_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, FRAME_BYTES);
  stream.end(frame);
}

/** Trailers only. What the client still sends is discarded. */
function fail(stream: ServerHttp2Stream, failure: Failure): void {
  const details =
    failure.retryAfterMs === undefined
      ? {}
      : { 'grpc-status-details-bin': statusAnswer(failure, 'protobuf').toString('base64').replace(/=+$/, '') };
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(failure.code),
      // Percent-encoded, as PROTOCOL-HTTP2.md says.
      'grpc-message': encodeURIComponent(failure.message).replaceAll('%20', ' '),
      ...details,
    },
    { endStream: true },
  );
  if (stream.readableEnded) return;
  // A reset at once would overtake the answer. Clients stop sending when they read it.
  stream.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS);
  stream.once('close', () => clearTimeout(timer));
}
