import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { bareHost } from '../pipeline/address.ts';
import { messageOf, systemCodeOf } from '../pipeline/errors.ts';
import { AnswerBytes } from './answer-bytes.ts';
import type { ResponseBudget } from './response-budget.ts';
import { isTlsError, isUnknownIssuer, tlsProblem } from './tls-problem.ts';
import { trustGeneration, trustSystem } from './trust.ts';

/** A request and its limits, whichever client sends it. */
export interface HttpExchange {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
  /** For the whole exchange, from connecting to the last byte of the response. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Shared with other exchanges. */
  readonly answers?: ResponseBudget | undefined;
}

export interface HttpCall extends HttpExchange {
  readonly url: URL;
  readonly agent: Agent;
}

export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why there is no response; a metric label, so it is bounded. */
export type FailureCode =
  | 'timeout'
  | 'connection_refused'
  | 'connection_reset'
  | 'dns'
  | 'tls'
  | 'answer_too_large'
  | 'aborted'
  | 'network';

export interface HttpFailure {
  readonly kind: 'failure';
  readonly code: FailureCode;
  readonly message: string;
}

/** `mayRepeat`: the server has not read the request, and the cause will not affect a second attempt. */
type Attempt = HttpAnswer | (HttpFailure & { mayRepeat: boolean });

/** One HTTP exchange. Never rejects: every error becomes a failure with a code. */
export async function performCall(call: HttpCall): Promise<HttpAnswer | HttpFailure> {
  const first = await attempt(call);
  return first.kind === 'failure' && first.mayRepeat ? attempt(call) : first;
}

function attempt(call: HttpCall): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const trusted = trustGeneration();
  const { url, method, headers, agent } = call;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send({
    host: bareHost(url.hostname),
    port: url.port === '' ? undefined : Number(url.port),
    path: url.pathname + url.search,
    method,
    headers,
    agent,
  });
  let hasAnswer = false;
  const fail = (code: FailureCode, message: string, error?: Error): void => {
    stopWatching();
    // A keep-alive socket that the server closed just before it was used again: the request was never read
    // (nodejs/node#47130).
    const wasReused = request.reusedSocket && !hasAnswer && code === 'connection_reset';
    resolve({
      kind: 'failure',
      code,
      message,
      mayRepeat: wasReused || (error !== undefined && isTrustedNow(error, trusted)),
    });
    request.destroy();
  };
  const onError = (error: Error): void => {
    const { code, message } = failureOf(error, url.host);
    fail(code, message, error);
  };
  const timer = setTimeout(() => fail('timeout', MESSAGES.timeout(call.timeoutMs)), call.timeoutMs);
  const onAbort = (): void => fail('aborted', MESSAGES.aborted);
  const stopWatching = (): void => {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', onAbort);
  };
  call.signal.addEventListener('abort', onAbort, { once: true });
  request.on('error', onError);
  request.on('upgrade', ({ statusCode = 0, headers: answered }, socket) => {
    // xrayd never asks to switch protocols.
    socket.destroy();
    stopWatching();
    resolve({ kind: 'answer', status: statusCode, headers: answered, body: Buffer.alloc(0) });
  });
  request.on('response', (response) => {
    hasAnswer = true;
    const { statusCode: status = 0, headers: answered } = response;
    const { maxAnswerBytes, answers } = call;
    const body = new AnswerBytes();
    const tooLarge = (): void => {
      // An error's status and headers are enough; the rest of an HTML page adds nothing.
      if (status >= 300) resolve({ kind: 'answer', status, headers: answered, body: body.bytes });
      fail('answer_too_large', MESSAGES.answerTooLarge(maxAnswerBytes));
    };
    if (status < 300 && Number(answered['content-length']) > maxAnswerBytes) {
      tooLarge();
      return;
    }
    response.on('data', (chunk: Buffer) => {
      if (body.length + chunk.length > maxAnswerBytes || answers?.take(chunk.length) === false) {
        tooLarge();
        return;
      }
      body.add(chunk);
    });
    response.on('error', onError);
    response.on('end', () => {
      stopWatching();
      resolve({ kind: 'answer', status, headers: answered, body: body.bytes });
    });
    response.on('close', () => {
      answers?.giveBack(body.length);
      if (!response.complete) fail('connection_reset', 'the connection was closed in the middle of the answer');
    });
  });
  if (call.signal.aborted) onAbort();
  else request.end(call.body);
  return promise;
}

const CODES: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_NODATA: 'dns',
  ETIMEDOUT: 'timeout',
};

function codeOf(error: Error): FailureCode {
  return CODES[systemCodeOf(error) ?? ''] ?? 'network';
}

/** Why a connection to `host` failed. */
export function failureOf(error: Error, host: string): HttpFailure {
  return isTlsError(error)
    ? { kind: 'failure', code: 'tls', message: tlsProblem(error, host) }
    : { kind: 'failure', code: codeOf(error), message: messageOf(error) };
}

export const MESSAGES = {
  acceptedUnread: 'the server accepted the request before it had all of it',
  aborted: 'the call was cancelled',
  timeout: (ms: number): string => `no complete answer within ${ms} ms`,
  answerTooLarge: (bytes: number): string =>
    `the answer is larger than ${bytes} bytes, or all answers together are too large`,
};

/**
 * Whether the issuer of a certificate was unknown at `generation` and is known now that the system's certificates are
 * trusted too.
 */
export function isTrustedNow(error: Error, generation: number): boolean {
  if (!isUnknownIssuer(error)) return false;
  trustSystem();
  return trustGeneration() > generation;
}
