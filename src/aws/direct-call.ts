import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { member } from '../json/json.ts';
import { jsonIn } from './answer-json.ts';
import { performCall } from './http-call.ts';

export interface DirectAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * Calls a program on this machine or its container agent. Never through a proxy: `fetch` and Node's own agent use one
 * if NODE_USE_ENV_PROXY is set. Rejects with the error.
 */
export async function directCall(
  url: string,
  {
    method = 'GET',
    headers = {},
    body = '',
    timeoutMs,
    maxAnswerBytes = Infinity,
  }: {
    method?: string;
    headers?: Readonly<Record<string, string>>;
    body?: string;
    timeoutMs: number;
    maxAnswerBytes?: number;
  },
): Promise<DirectAnswer> {
  const target = new URL(url);
  const answer = await performCall({
    url: target,
    method,
    headers,
    body: Buffer.from(body),
    // A new agent, so that no connection is shared.
    agent: target.protocol === 'https:' ? new TlsAgent() : new Agent(),
    signal: new AbortController().signal,
    timeoutMs,
    maxAnswerBytes,
  });
  if (answer.kind === 'failure') throw new Error(answer.message);
  return { status: answer.status, headers: answer.headers, text: answer.body.toString() };
}

/** X-Ray's error type and message, or the text of any other response. */
export function reasonIn({ headers, text }: DirectAnswer): string {
  const name = headers['x-amzn-errortype'];
  const json = jsonIn(Buffer.from(text));
  const message = member(json, 'Message') ?? member(json, 'message');
  // Otherwise perhaps another program's page.
  if (typeof message !== 'string') return text;
  return typeof name === 'string' ? `${name}: ${message}` : message;
}
