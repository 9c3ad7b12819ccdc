import { exportAnswer, RPC_CODE, statusAnswer, type Encoding } from '../../formats/otlp/answers.ts';
import { decodeTraces } from '../../formats/otlp/decode.ts';
import type { Decoded, DecodeProblem, Rejected } from '../../formats/otlp/decoding.ts';
import { readTracesJson } from '../../formats/otlp/read-json.ts';
import type { ReceiverConfig, ReceiverDeps, Reply, SpansProtocol } from '../spans-handler.ts';
import { notKept } from './not-kept.ts';

const TYPES: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
]);
const RPC_CODES: Readonly<Record<number, number>> = {
  404: RPC_CODE.unimplemented,
  413: RPC_CODE.resourceExhausted,
  429: RPC_CODE.resourceExhausted,
  500: RPC_CODE.internal,
  503: RPC_CODE.unavailable,
};

/** OTLP over HTTP: spans in protobuf and JSON. Source: OTLP specification 1.9, OTLP/HTTP. */
export class OtlpHttp implements SpansProtocol<Encoding> {
  readonly name = 'otlp-http';
  readonly title = 'OTLP over HTTP';
  readonly request = 'an OTLP request';
  readonly path = '/v1/traces';
  readonly takes = 'spans';
  readonly types = TYPES;
  readonly defaultType = '';
  readonly wantedType = `Content-Type must be ${[...TYPES.keys()].join(' or ')}`;
  /** Signals that xrayd does not keep. */
  readonly other = {
    paths: new Set(['/v1/metrics', '/v1/logs']),
    answer: (path: string, encoding: Encoding): Reply => this.#answerOther(path, encoding),
  };
  readonly #mode: ReceiverConfig['mode'];
  readonly #log: ReceiverDeps['log'];

  constructor({ mode }: Pick<ReceiverConfig, 'mode'>, { log }: Pick<ReceiverDeps, 'log'>) {
    this.#mode = mode;
    this.#log = log;
  }

  decode(body: Buffer, encoding: Encoding): Decoded | DecodeProblem {
    return encoding === 'json' ? readTracesJson(body.toString('utf8')) : decodeTraces(body);
  }

  accepted(rejected: Rejected, encoding: Encoding): Reply {
    return reply(200, exportAnswer(rejected, encoding), encoding);
  }

  failed(status: number, message: string, encoding: Encoding = 'json'): Reply {
    const code = RPC_CODES[status] ?? RPC_CODE.invalidArgument;
    return reply(status, statusAnswer({ code, message }, encoding), encoding);
  }

  #answerOther(path: string, encoding: Encoding): Reply {
    const signal = path.slice('/v1/'.length);
    if (this.#mode === 'local') return reply(200, notKept(signal, encoding, this.#log), encoding);
    const remedy = `send ${signal} elsewhere, or set OTEL_${signal.toUpperCase()}_EXPORTER=none`;
    return this.failed(404, `xrayd takes traces only: ${remedy}`, encoding);
  }

  problem(message: string): object {
    return { code: RPC_CODE.invalidArgument, message };
  }
}

function reply(status: number, body: Buffer, encoding: Encoding): Reply {
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
  return { status, headers: { 'content-type': type }, body };
}
