import { Agent } from 'node:http';
import { performCall } from './http-call.ts';

export interface DirectAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * Asks a program of this machine or of its container agent. Never through a proxy: `fetch` and Node's own agent take one where NODE_USE_ENV_PROXY is
 * set. Rejects with what went wrong.
 */
export async function directCall(
  url: string,
  {
    method = 'GET',
    headers = {},
    body = '',
    timeoutMs,
    maxAnswerBytes = Infinity,
  }: { method?: string; headers?: Readonly<Record<string, string>>; body?: string; timeoutMs: number; maxAnswerBytes?: number },
): Promise<DirectAnswer> {
  const answer = await performCall({
    url: new URL(url),
    method,
    headers,
    body: Buffer.from(body),
    // A connection of its own.
    agent: new Agent(),
    signal: new AbortController().signal,
    timeoutMs,
    maxAnswerBytes,
  });
  if (answer.kind === 'failure') throw new Error(answer.message);
  return { status: answer.status, headers: answer.headers, text: answer.body.toString() };
}

/** X-Ray's name of the error and its words, or whatever else answered. */
export function reasonIn({ headers, text }: DirectAnswer): string {
  const name = headers['x-amzn-errortype'];
  try {
    const { message, Message = message } = JSON.parse(text) as { Message?: unknown; message?: unknown };
    if (typeof Message === 'string') return typeof name === 'string' ? `${name}: ${Message}` : Message;
  } catch {
    // Another program's page, perhaps.
  }
  return text;
}
