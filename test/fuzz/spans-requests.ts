import { deflateSync, gzipSync, unzipSync } from 'node:zlib';
import { decodeTraces } from '../../src/formats/otlp/decode.ts';
import type { Decoded, DecodeProblem } from '../../src/formats/otlp/decoding.ts';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { readTracesJson } from '../../src/formats/otlp/read-json.ts';
import { writeTracesJson } from '../../src/formats/otlp/write-json.ts';
import { readZipkinJson } from '../../src/formats/zipkin/read-json.ts';
import fc from '../fakes/fast-check.ts';
import { anyAttributes, anySpan, CONVERSION_KEYS, resource, scope, traces } from '../fakes/otlp.ts';
import { mutated, type Random } from '../fakes/random.ts';
import { mutatedJson, mutatedMessage } from './mutations.ts';
import type { SpansRequest } from './spans-client.ts';

export type Protocol = 'otlp_http' | 'otlp_grpc' | 'zipkin';

/** A request, and what may be answered. */
export interface Trial {
  readonly protocol: Protocol;
  readonly request: SpansRequest;
  /** Statuses that the documentation has for such a request; `grpc N` for gRPC. */
  readonly allowed: ReadonlySet<string>;
  /** What is in a request that can be decoded: it counts if the request is accepted. */
  readonly decoded: Decoded | undefined;
}

type Encoding = 'protobuf' | 'json';

const TRACES_METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const PATHS: Readonly<Record<Protocol, string>> = {
  otlp_http: '/v1/traces',
  otlp_grpc: TRACES_METHOD,
  zipkin: '/api/v2/spans',
};
const TYPES: Readonly<Record<Encoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };
/** The sender keeps the spans. */
const BUSY: Readonly<Record<Protocol, readonly string[]>> = {
  otlp_http: ['429', '503'],
  otlp_grpc: ['grpc 14'],
  zipkin: ['429', '503'],
};
const SUCCESS: Readonly<Record<Protocol, string>> = { otlp_http: '200', otlp_grpc: 'grpc 0', zipkin: '202' };
const DEFECT_SHARE = 0.25;
const SAMPLES = 200;
/** An unknown field. */
const SKIPPED = Buffer.from([0xd0, 0x05, 0x07]);

export function isSuccess({ protocol }: Trial, status: string): boolean {
  return status === SUCCESS[protocol];
}

export function isBusy({ protocol }: Trial, status: string): boolean {
  return BUSY[protocol].includes(status);
}

const anyRequest = fc
  .tuple(fc.array(anySpan(CONVERSION_KEYS), { maxLength: 5 }), anyAttributes(CONVERSION_KEYS), fc.string())
  .map(([spans, of, name]) => traces(spans, { resource: resource(of), scope: scope({ name }) }));

const zipkinSpan = fc.record(
  {
    traceId: fc.oneof(fc.constantFrom('6929d510abcdef000000000000000001', '1', '', 'zz'), fc.string()),
    id: fc.constantFrom('53995c3f42cd8ad8', '2', '0', 'b89d9a3f9409cfcb'),
    parentId: fc.constantFrom('b89d9a3f9409cfcb', '3', '0', 'x'),
    name: fc.string(),
    kind: fc.constantFrom('CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER', 'OTHER'),
    timestamp: fc.oneof(fc.constantFrom(0, -1, 1_764_349_296_000_001), fc.double(), fc.maxSafeInteger()),
    duration: fc.oneof(fc.constantFrom(0, -1, 1_500), fc.maxSafeInteger()),
    shared: fc.boolean(),
    debug: fc.boolean(),
    localEndpoint: fc.record({ serviceName: fc.string(), ipv4: fc.ipV4(), port: fc.nat() }),
    remoteEndpoint: fc.record({ serviceName: fc.string(), ipv6: fc.ipV6() }),
    annotations: fc.array(fc.record({ timestamp: fc.maxSafeInteger(), value: fc.string() }), { maxLength: 3 }),
    tags: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...CONVERSION_KEYS, 'error')), fc.string()),
  },
  { requiredKeys: ['traceId', 'id'] },
);

/** Requests to the receivers of spans: valid ones, with one thing changed on any level, and with one defect around it. */
export class Trials {
  readonly #random: Random;
  readonly #messages: readonly Buffer[];
  readonly #otlpTexts: readonly string[];
  readonly #zipkinTexts: readonly string[];

  constructor(random: Random, seed: number) {
    this.#random = random;
    const data = fc.sample(anyRequest, { numRuns: SAMPLES, seed });
    this.#messages = data.map(encodeTraces);
    this.#otlpTexts = data.map(writeTracesJson);
    const zipkin = fc.sample(fc.array(zipkinSpan, { minLength: 1, maxLength: 5 }), { numRuns: SAMPLES, seed });
    this.#zipkinTexts = zipkin.map((spans) => JSON.stringify(spans));
  }

  next(): Trial {
    const protocol = this.#random.pick<Protocol>(['otlp_http', 'otlp_grpc', 'zipkin']);
    const trial = protocol === 'otlp_grpc' ? this.#grpc() : this.#http(protocol);
    return this.#random.next() < 0.02 ? { ...trial, request: { ...trial.request, isCut: true } } : trial;
  }

  /** A body as ADOT sends it in a datagram. */
  datagram(): string {
    // X-Ray refuses a body without spans.
    const bytes = Buffer.concat([this.#message(), SKIPPED]);
    return `${this.#random.pick(['T1S', 'T1U'])}${bytes.subarray(0, 40_000).toString('base64')}`;
  }

  #message(): Buffer {
    const message = this.#random.pick(this.#messages);
    return this.#random.next() < 0.7 ? mutatedMessage(message, this.#random) : message;
  }

  #text(texts: readonly string[]): Buffer {
    const text = this.#random.pick(texts);
    return this.#random.next() < 0.7 ? mutatedJson(text, this.#random) : Buffer.from(text);
  }

  #http(protocol: 'otlp_http' | 'zipkin'): Trial {
    const random = this.#random;
    const encoding = protocol === 'otlp_http' && random.next() < 0.6 ? 'protobuf' : 'json';
    const plain =
      encoding === 'protobuf'
        ? this.#message()
        : this.#text(protocol === 'zipkin' ? this.#zipkinTexts : this.#otlpTexts);
    const base: SpansRequest = {
      method: 'POST',
      path: PATHS[protocol],
      headers: { 'content-type': TYPES[encoding] + random.pick(['', '', '; charset=utf-8']) },
      body: plain,
      isCut: false,
      isChunked: random.next() < 0.3,
    };
    const decode = decoderOf(protocol, encoding);
    if (random.next() >= DEFECT_SHARE) return this.#zipped(protocol, base, decode);
    return this.#defective(protocol, base, decode);
  }

  /** A request that is right around its body, compressed or not. */
  #zipped(protocol: Protocol, base: SpansRequest, decode: Decode): Trial {
    const form = this.#random.pick(['', 'gzip', 'deflate', 'identity']);
    const body = form === 'gzip' ? gzipSync(base.body) : form === 'deflate' ? deflateSync(base.body) : base.body;
    const headers = form === '' ? base.headers : { ...base.headers, 'content-encoding': form };
    return { protocol, request: { ...base, headers, body }, ...outcome(protocol, decode(base.body)) };
  }

  #defective(protocol: 'otlp_http' | 'zipkin', base: SpansRequest, decode: Decode): Trial {
    const random = this.#random;
    const refused = refusals(protocol, base);
    const withHeaders = (headers: Record<string, string>): Partial<SpansRequest> => ({
      headers: { ...base.headers, ...headers },
    });
    switch (random.below(8)) {
      case 0:
        return refused(
          withHeaders({ 'content-type': random.pick(['text/plain', 'application/grpc', ';', 'x']) }),
          '415',
        );
      case 1:
        return refused(withHeaders({ 'content-encoding': random.pick(['br', 'zstd', 'gzip, gzip', '%']) }), '400');
      case 2:
        return refused({ method: random.pick(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) }, '405');
      case 3:
        return refused({ path: random.pick(['/', '/v1', '/v1/traces/', '/api/v1/spans', '/%00', '//']) }, '404');
      case 4:
        return refused(withHeaders({ origin: random.pick(['https://example.com', 'null', 'http://a b']) }), '403');
      case 5:
        // What other signals get depends on the mode.
        return refused({ path: random.pick(['/v1/logs', '/v1/metrics']) }, '200', '400', '404');
      case 6:
        return refused(withHeaders({ 'x-large': 'x'.repeat(20_000) }), '431');
      default: {
        const body = random.next() < 0.5 ? cut(gzipSync(base.body), random) : mutated(gzipSync(base.body), random);
        const request = { ...base, ...withHeaders({ 'content-encoding': 'gzip' }), body };
        const plain = unzipped(body);
        const { allowed, decoded } = outcome(protocol, plain === undefined ? undefined : decode(plain));
        return { protocol, request, allowed: new Set(['400', ...allowed]), decoded };
      }
    }
  }

  #grpc(): Trial {
    const random = this.#random;
    const plain = this.#message();
    const isZipped = random.next() < 0.4;
    const zipped = isZipped ? gzipSync(plain) : plain;
    const base: SpansRequest = {
      method: 'POST',
      path: TRACES_METHOD,
      headers: {
        'content-type': random.pick(['application/grpc', 'application/grpc+proto']),
        te: 'trailers',
        ...(isZipped ? { 'grpc-encoding': 'gzip' } : {}),
      },
      body: framed(zipped, isZipped ? 1 : 0),
      isCut: false,
      isChunked: random.next() < 0.5,
    };
    const protocol = 'otlp_grpc';
    if (random.next() >= DEFECT_SHARE) return { protocol, request: base, ...outcome(protocol, decodeTraces(plain)) };
    const refused = refusals(protocol, base);
    switch (random.below(7)) {
      case 0:
        return refused({ headers: { ...base.headers, 'content-type': random.pick(['application/json', 'x']) } }, '415');
      case 1:
        return refused({ path: random.pick(['/', '/x/y', `${TRACES_METHOD}/`, '/v1/traces']) }, 'grpc 12');
      case 2:
        return refused({ body: framed(zipped, 2 + random.below(200)) }, 'grpc 13');
      case 3:
        return refused({ body: framed(zipped, isZipped ? 1 : 0, random.pick([-1, 1, 1_000, 2 ** 31])) }, 'grpc 13');
      case 4:
        return refused({ body: random.pick([Buffer.alloc(0), Buffer.alloc(4)]) }, 'grpc 13');
      case 5:
        return refused({ headers: { ...base.headers, 'grpc-encoding': 'snappy' } }, 'grpc 12');
      default:
        return refused(
          { headers: { ...base.headers, 'grpc-encoding': 'gzip' }, body: framed(cut(gzipSync(plain), random), 1) },
          'grpc 13',
        );
    }
  }
}

/** Makes trials of `base` with one defect, which may be answered with one of `statuses`. */
function refusals(protocol: Protocol, base: SpansRequest) {
  return (defect: Partial<SpansRequest>, ...statuses: readonly string[]): Trial => ({
    protocol,
    request: { ...base, ...defect },
    allowed: new Set(statuses),
    decoded: undefined,
  });
}

type Decode = (body: Buffer) => Decoded | DecodeProblem;

function decoderOf(protocol: Protocol, encoding: Encoding): Decode {
  if (protocol === 'zipkin') return (body) => readZipkinJson(body.toString('utf8'));
  return encoding === 'json' ? (body) => readTracesJson(body.toString('utf8')) : decodeTraces;
}

/** `result` is undefined if the body cannot be decompressed. */
function outcome(
  protocol: Protocol,
  result: Decoded | DecodeProblem | undefined,
): { readonly allowed: ReadonlySet<string>; readonly decoded: Decoded | undefined } {
  const isGrpc = protocol === 'otlp_grpc';
  if (result === undefined) return { allowed: new Set([isGrpc ? 'grpc 13' : '400']), decoded: undefined };
  if (result.isDecoded) return { allowed: new Set([SUCCESS[protocol], ...BUSY[protocol]]), decoded: result };
  const isMalformed = result.code === 'malformed';
  const status = isGrpc ? `grpc ${isMalformed ? 3 : 8}` : isMalformed ? '400' : '413';
  return { allowed: new Set([status]), decoded: undefined };
}

function framed(message: Buffer, flag: number, wrongBy = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(Math.max(0, message.length + wrongBy) >>> 0, 1);
  // One byte less than none would be right.
  return Buffer.concat([prefix, message, ...(message.length === 0 && wrongBy < 0 ? [Buffer.alloc(1)] : [])]);
}

/** Without its last bytes: of the checksum at least. */
function cut(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, Math.max(1, bytes.length - 1 - random.below(bytes.length)));
}

function unzipped(bytes: Buffer): Buffer | undefined {
  try {
    return unzipSync(bytes);
  } catch {
    return undefined;
  }
}
