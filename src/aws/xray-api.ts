import { randomUUID } from 'node:crypto';
import { ABORTED, untilAborted } from '../pipeline/deadline.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import { CALL_PATH_HEADER, type CallPath } from '../pipeline/call-path.ts';
import type { Logger } from '../pipeline/logger.ts';
import { member } from '../json/json.ts';
import { ResponseBudget } from './response-budget.ts';
import { jsonIn } from './answer-json.ts';
import { REFUSES_CALLER } from './caller-refusals.ts';
import type { CredentialSource } from './credentials.ts';
import { isAwsHost, isXRaysError } from './foreign-answer.ts';
import { isXRaysAnswer } from './output-shape.ts';
import type { HttpAnswer, HttpFailure } from './http-call.ts';
import type { HttpConnections } from './http-connections.ts';
import type { Outbound } from './outbound-proxy.ts';
import { ServiceClock } from './service-clock.ts';
import { RequestSigner } from './request-signer.ts';

export interface XRayApiConfig {
  readonly url: URL;
  readonly region: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
}

export interface XRayApiDeps {
  readonly credentials: Pick<CredentialSource, 'current' | 'get' | 'problem' | 'invalidate' | 'refused'>;
  readonly outbound: Outbound;
  /** Shared with the servers of the process; undefined if it has none. */
  readonly callPath?: CallPath | undefined;
  readonly log: Logger;
  /** Called when responses have left some megabytes of garbage. */
  readonly onGarbage?: () => void;
}

export interface XRayCall {
  readonly method?: string;
  /** Request target: path and query. */
  readonly target: string;
  readonly body: Buffer;
  /** As in HttpRequest. */
  readonly memory?: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** 1 MB by default. */
  readonly maxAnswerBytes?: number;
}

/** There were no credentials for signing; an unsigned request is never sent. */
export interface NoCredentials {
  readonly kind: 'no_credentials';
  readonly message: string;
}

export type XRayAnswer = HttpAnswer | HttpFailure | NoCredentials;

/**
 * Counts of failures, by the names of PutTelemetryRecords. Source: the BackendConnectionErrors shape of the X-Ray
 * model.
 */
export interface ConnectionErrors {
  TimeoutCount: number;
  ConnectionRefusedCount: number;
  HTTPCode4XXCount: number;
  HTTPCode5XXCount: number;
  UnknownHostCount: number;
  OtherCount: number;
}

/** A response of X-Ray has a few hundred bytes, that of GetSamplingRules some ten thousand. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_ANSWERS_BYTES = 4 * MAX_ANSWER_BYTES;

/** Makes signed calls to X-Ray. Does not retry. */
export class XRayApi {
  readonly errors: ConnectionErrors = noErrors();
  readonly #config: XRayApiConfig;
  readonly #deps: XRayApiDeps;
  readonly #clock = new ServiceClock();
  readonly #signer: RequestSigner;
  readonly #connections: HttpConnections;
  readonly #answers: ResponseBudget;
  /** undefined for AWS: what leads there does not lead back. */
  readonly #callPath: CallPath | undefined;
  /** That of the last call: most calls have the same target. */
  #lastUrl: { readonly target: string; readonly url: URL } | undefined;

  constructor(config: XRayApiConfig, deps: XRayApiDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#callPath = isAwsHost(config.url) ? undefined : deps.callPath;
    this.#signer = new RequestSigner('xray', config.region);
    this.#connections = deps.outbound.connectionsTo(config.url);
    this.#answers = new ResponseBudget(MAX_ANSWERS_BYTES, deps.onGarbage ?? (() => {}));
  }

  get url(): URL {
    return this.#config.url;
  }

  /** Calls `target` with `headers`, host, content-length and the signature. The caller adds an SDK's own headers. */
  async call({
    method = 'POST',
    target,
    body,
    memory,
    headers,
    signal,
    maxAnswerBytes = MAX_ANSWER_BYTES,
  }: XRayCall): Promise<XRayAnswer> {
    const { url: base, timeoutMs } = this.#config;
    const source = this.#deps.credentials;
    const credentials = source.current() ?? (await untilAborted(source.get(), signal));
    if (credentials === ABORTED)
      return { kind: 'failure', code: 'aborted', message: 'cancelled while looking for credentials' };
    if (credentials === undefined) return { kind: 'no_credentials', message: source.problem };
    const url = this.#urlOf(target);
    const hasLength = body.length > 0 || method === 'POST';
    const unsigned = hasLength ? { ...headers, 'content-length': String(body.length) } : headers;
    let signedMs = 0;
    const attempt = async (): Promise<HttpAnswer | HttpFailure> => {
      signedMs = this.#clock.nowMs();
      const signing = this.#signer.sign({ url, method, headers: unsigned, body }, credentials, signedMs);
      const signed = signing instanceof Promise ? await signing : signing;
      return this.#connections.exchange({
        method,
        target: url.pathname + url.search,
        headers: this.#withCallPath(signed),
        body,
        memory,
        signal,
        timeoutMs,
        maxAnswerBytes,
        answers: this.#answers,
      });
    };
    let answer = await attempt();
    // Only X-Ray's own refusal shows X-Ray's time: a gateway's Date header is the gateway's.
    if (
      answer.kind === 'answer' &&
      isXRaysError(answer) &&
      this.#clock.correct(answer.status, answer.headers.date, signedMs)
    ) {
      const skewSeconds = Math.round(this.#clock.skewMs / 1000);
      this.#deps.log.limited(
        'clock',
        'warn',
        { skewSeconds },
        "this machine's clock is wrong: requests are signed with X-Ray's time",
      );
      answer = await attempt();
    }
    this.#count(answer);
    if (answer.kind === 'failure' && answer.code === 'tls')
      this.#deps.log.limited('tls', 'error', { endpoint: base.origin }, answer.message);
    if (answer.kind === 'answer' || answer.code !== 'aborted')
      this.#deps.outbound.note(url, isServed(target, base, answer));
    if (answer.kind === 'answer' && isXRaysError(answer)) {
      const type = errorTypeOf(answer);
      if (type.startsWith('ExpiredToken')) source.invalidate(credentials);
      else if (answer.status === 401 || answer.status === 403 || REFUSES_CALLER.has(type)) source.refused(credentials);
    } else if (answer.kind === 'answer' && REFUSES_HEAD.has(answer.status)) source.refused(credentials);
    return answer;
  }

  /**
   * The headers that the reference daemon adds to its own calls. Source: aws-xray-daemon 3.6.6,
   * pkg/conn/xray_client.go.
   */
  sdkHeaders(): Record<string, string> {
    const nowMs = wallClockMs();
    return {
      'user-agent': this.#config.userAgent,
      'content-type': 'application/json',
      'amz-sdk-invocation-id': randomUUID(),
      'amz-sdk-request': 'attempt=1; max=1',
      'x-amzn-xray-timestamp': `${Math.floor(nowMs / 1000)}.${String(nowMs % 1000).padStart(3, '0')}000000`,
    };
  }

  /** The header is not signed, because an intermediary may remove it. */
  #withCallPath(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    return this.#callPath === undefined ? headers : { ...headers, [CALL_PATH_HEADER]: this.#callPath.header };
  }

  /** Sets path and query separately: `target` may be `//host/path`, which `new URL` would read as another host. */
  #urlOf(target: string): URL {
    if (this.#lastUrl?.target === target) return this.#lastUrl.url;
    const { url: base } = this.#config;
    const url = new URL(base);
    const whole = base.pathname.replace(/\/$/, '') + target;
    const question = whole.indexOf('?');
    url.pathname = question < 0 ? whole : whole.slice(0, question);
    url.search = question < 0 ? '' : whole.slice(question);
    this.#lastUrl = { target, url };
    return url;
  }

  #count(answer: HttpAnswer | HttpFailure): void {
    const { errors } = this;
    if (answer.kind === 'answer') {
      if (answer.status >= 500) errors.HTTPCode5XXCount++;
      else if (answer.status >= 400) errors.HTTPCode4XXCount++;
    } else if (answer.code === 'timeout') errors.TimeoutCount++;
    else if (answer.code === 'connection_refused') errors.ConnectionRefusedCount++;
    else if (answer.code === 'dns') errors.UnknownHostCount++;
    else if (answer.code !== 'aborted') errors.OtherCount++;
  }
}

/**
 * Without X-Ray's error type, these may mean that the head of the request is too large, of which the session token is
 * the only part that varies: a provider may have a better one. Source: RFC 6585, 5; nginx answers 400.
 */
const REFUSES_HEAD: ReadonlySet<number> = new Set([400, 431]);

/**
 * Error types that concern the content of a call, or mean throttling: only a server that understands X-Ray calls sends
 * them.
 */
const ABOUT_REQUESTS =
  /^(InvalidRequest|InvalidParameter|Validation|Serialization|RequestEntityTooLarge|Throttl|TooManyRequests)/;

/**
 * Whether X-Ray itself answered `path` and can serve. If not, the address may now belong to another host, which may
 * even be another service of AWS.
 * An unnecessary lookup of the name costs a handshake after every third call.
 */
function isServed(path: string, url: URL, answer: HttpAnswer | HttpFailure): boolean {
  if (answer.kind === 'failure' || answer.status >= 500) return false;
  if (answer.status === 200) return isXRaysAnswer(path, url, answer);
  return isXRaysError(answer) && (answer.status === 429 || ABOUT_REQUESTS.test(errorTypeOf(answer)));
}

export function noErrors(): ConnectionErrors {
  return {
    TimeoutCount: 0,
    ConnectionRefusedCount: 0,
    HTTPCode4XXCount: 0,
    HTTPCode5XXCount: 0,
    UnknownHostCount: 0,
    OtherCount: 0,
  };
}

/**
 * The error's type as AWS SDKs read it: the x-amzn-errortype header up to `:`, else `__type` or `code` of the body
 * after `#`; "" if it has none.
 */
export function errorTypeOf(answer: HttpAnswer): string {
  const header = answer.headers['x-amzn-errortype'];
  const text = typeof header === 'string' ? header : typeInBody(answer.body);
  return (text.split(':')[0] ?? '').split('#').at(-1) ?? '';
}

function typeInBody(body: Buffer): string {
  const json = jsonIn(body);
  const type = member(json, '__type') ?? member(json, 'code');
  return typeof type === 'string' ? type : '';
}
