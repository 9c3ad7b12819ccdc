import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { systemCodeOf } from '../pipeline/errors.ts';

export interface HttpCall {
  readonly url: URL;
  /** Request target, when it is not the one of `url`. */
  readonly target?: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  /** For the whole exchange, from the connection to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why no answer came; bounded, it is a metric label. */
export type FailureCode = 'timeout' | 'connection_refused' | 'connection_reset' | 'dns' | 'tls' | 'answer_too_large' | 'aborted' | 'network';

export interface HttpFailure {
  readonly kind: 'failure';
  readonly code: FailureCode;
  readonly message: string;
}

/** One HTTP exchange. Never rejects: whatever goes wrong is a failure with a code. */
export async function performCall(call: HttpCall): Promise<HttpAnswer | HttpFailure> {
  const first = await attempt(call);
  // A keep-alive socket that the server closed just before it was used again: the request was never read (nodejs/node#47130).
  return first.kind === 'failure' && first.wasReused ? attempt(call) : first;
}

function attempt(call: HttpCall): Promise<HttpAnswer | (HttpFailure & { wasReused: boolean })> {
  const { promise, resolve } = Promise.withResolvers<HttpAnswer | (HttpFailure & { wasReused: boolean })>();
  const { url, method, headers, body, agent } = call;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    path: call.target ?? url.pathname + url.search,
    method,
    headers,
    agent,
  });
  let hasAnswer = false;
  const fail = (code: FailureCode, message: string): void => {
    stopWatching();
    const wasReused = request.reusedSocket && !hasAnswer && code === 'connection_reset';
    resolve({ kind: 'failure', code, message, wasReused });
    request.destroy();
  };
  const timer = setTimeout(() => fail('timeout', `no complete answer within ${call.timeoutMs} ms`), call.timeoutMs);
  const onAbort = (): void => fail('aborted', 'given up');
  const stopWatching = (): void => {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', onAbort);
  };
  call.signal.addEventListener('abort', onAbort, { once: true });
  request.on('error', (error) => fail(codeOf(error), error.message));
  request.on('upgrade', ({ statusCode = 0, headers: answered }, socket) => {
    // Nobody asked for another protocol.
    socket.destroy();
    stopWatching();
    resolve({ kind: 'answer', status: statusCode, headers: answered, body: Buffer.alloc(0) });
  });
  request.on('response', (response) => {
    hasAnswer = true;
    const tooLarge = (): void => fail('answer_too_large', `the answer is larger than ${call.maxAnswerBytes} bytes`);
    if (Number(response.headers['content-length']) > call.maxAnswerBytes) {
      tooLarge();
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > call.maxAnswerBytes) tooLarge();
      else chunks.push(chunk);
    });
    response.on('error', (error) => fail(codeOf(error), error.message));
    response.on('end', () => {
      stopWatching();
      resolve({ kind: 'answer', status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
    });
    response.on('close', () => {
      if (!response.complete) fail('connection_reset', 'the connection was closed in the middle of the answer');
    });
  });
  if (call.signal.aborted) onAbort();
  else request.end(body);
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
  const code = systemCodeOf(error) ?? '';
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH)/.test(code)) return 'tls';
  return CODES[code] ?? 'network';
}
