import type { Decoded, DecodeProblem, Rejected } from '../../formats/otlp/decoding.ts';
import { readZipkinJson } from '../../formats/zipkin/read-json.ts';
import { textReply, type ReceiverDeps, type Reply, type SpansProtocol } from '../spans-handler.ts';

const JSON_TYPE = 'application/json';

/** Zipkin's v2 spans in JSON. Source: zipkin2-api.yaml. */
export class ZipkinHttp implements SpansProtocol<'json'> {
  readonly name = 'zipkin';
  readonly title = 'Zipkin over HTTP';
  readonly request = 'a Zipkin request';
  readonly path = '/api/v2/spans';
  readonly takes = 'Zipkin spans';
  readonly types: ReadonlyMap<string, 'json'> = new Map([[JSON_TYPE, 'json']]);
  readonly defaultType = JSON_TYPE;
  readonly wantedType = `Content-Type must be ${JSON_TYPE}: spans of Zipkin v2 in JSON`;
  readonly #log: ReceiverDeps['log'];

  constructor({ log }: Pick<ReceiverDeps, 'log'>) {
    this.#log = log;
  }

  decode(body: Buffer): Decoded | DecodeProblem {
    return readZipkinJson(body.toString('utf8'));
  }

  /** Zipkin's answer has no place for what was rejected. */
  accepted({ spans, message: reason }: Rejected): Reply {
    if (spans > 0) this.#log.limited('zipkin_rejected', 'warn', { spans, reason }, 'rejected invalid Zipkin spans');
    return textReply(202, '');
  }

  failed(status: number, message: string): Reply {
    return textReply(status, message);
  }

  problem(message: string): object {
    return { message };
  }
}
