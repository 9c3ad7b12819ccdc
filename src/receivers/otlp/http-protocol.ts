import { exportAnswer, RPC_CODE, statusAnswer, type Encoding, type OtherSignal } from '../../formats/otlp/answers.ts';
import { decodeTraces } from '../../formats/otlp/decode.ts';
import type { Decoded, DecodeProblem, Rejected } from '../../formats/otlp/decoding.ts';
import { readTracesJson } from '../../formats/otlp/read-json.ts';
import type { ReceiverDeps, Reply, SpansProtocol } from '../spans-handler.ts';
import type { IntakeAnswer } from '../spans-intake.ts';

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
  readonly other = {
    paths: new Set(['/v1/metrics', '/v1/logs']),
    take: (path: string, body: Buffer, encoding: Encoding): Promise<IntakeAnswer> =>
      this.#otherSignals.take(signalOf(path), body, encoding),
    accepted: (path: string, rejected: Rejected, encoding: Encoding): Reply =>
      reply(200, exportAnswer(rejected, encoding, signalOf(path)), encoding),
    refused: (path: string, encoding: Encoding): Reply => this.#refusedOther(signalOf(path), encoding),
  };
  readonly #otherSignals: ReceiverDeps['otherSignals'];

  constructor({ otherSignals }: Pick<ReceiverDeps, 'otherSignals'>) {
    this.#otherSignals = otherSignals;
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

  #refusedOther(signal: OtherSignal, encoding: Encoding): Reply {
    const remedy = `send ${signal} elsewhere, or set OTEL_${signal.toUpperCase()}_EXPORTER=none`;
    return this.failed(404, `xrayd takes traces only: ${remedy}`, encoding);
  }

  problem(message: string): object {
    return { code: RPC_CODE.invalidArgument, message };
  }
}

function signalOf(path: string): OtherSignal {
  return path === '/v1/logs' ? 'logs' : 'metrics';
}

function reply(status: number, body: Buffer, encoding: Encoding): Reply {
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
  return { status, headers: { 'content-type': type }, body };
}
