import { exportAnswer, RPC_CODE, statusAnswer, type Encoding, type OtherSignal } from '../../formats/otlp/answers.ts';
import { decodeTraces } from '../../formats/otlp/decode.ts';
import type { Decoded, DecodeProblem, Rejected } from '../../formats/otlp/decoding.ts';
import { readTracesJson } from '../../formats/otlp/read-json.ts';
import type { OtherPath, ReceiverDeps, Reply, SpansProtocol } from '../spans-handler.ts';

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
  readonly others: ReadonlyMap<string, OtherPath<Encoding>>;
  readonly #otherSignals: ReceiverDeps['otherSignals'];

  constructor({ otherSignals }: Pick<ReceiverDeps, 'otherSignals'>) {
    this.#otherSignals = otherSignals;
    this.others = new Map([
      ['/v1/metrics', this.#other('metrics')],
      ['/v1/logs', this.#other('logs')],
    ]);
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

  problem(message: string): object {
    return { code: RPC_CODE.invalidArgument, message };
  }

  #other(signal: OtherSignal): OtherPath<Encoding> {
    const remedy = `send ${signal} elsewhere, or set OTEL_${signal.toUpperCase()}_EXPORTER=none`;
    return {
      take: (body, encoding) => this.#otherSignals.take(signal, body, encoding),
      accepted: (rejected, encoding) => reply(200, exportAnswer(rejected, encoding, signal), encoding),
      refused: (encoding) => this.failed(404, `xrayd takes traces only: ${remedy}`, encoding),
    };
  }
}

function reply(status: number, body: Buffer, encoding: Encoding): Reply {
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
  return { status, headers: { 'content-type': type }, body };
}
