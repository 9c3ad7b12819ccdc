import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { objectOf, type Json } from '../json/json.ts';
import { bareHost, isLoopbackHost } from '../pipeline/address.ts';
import { dateOf, parseDate } from '../pipeline/clock.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import type { Environment } from '../pipeline/environment.ts';
import { performCall } from './http-call.ts';
import { FILE_TIMEOUT_MS } from './shared-files.ts';
import type { AwsCredentials } from './signer.ts';

/** Source: @aws-sdk/credential-provider-http, and the ECS and EKS Pod Identity guides. */
const ECS_AGENT = 'http://169.254.170.2';
const AGENTS = new Set(['169.254.170.2', '169.254.170.23', 'fd00:ec2::23']);
const TIMEOUT_MS = 2_000;
const ATTEMPTS = 2;
const MAX_ANSWER_BYTES = 256 * 1024;

/**
 * Credentials from the container agent of ECS or EKS Pod Identity. The SDK's own provider has no time limit for the
 * response and cannot be cancelled.
 * Rejects with the agent's error.
 */
export async function containerCredentials(env: Environment, signal: AbortSignal): Promise<AwsCredentials> {
  const url = agentUrl(env);
  const token = await authorization(env);
  const agent = url.protocol === 'https:' ? new HttpsAgent() : new HttpAgent();
  const headers = { accept: 'application/json', ...(token === undefined ? {} : { authorization: token }) };
  const call = {
    url,
    method: 'GET',
    headers,
    body: Buffer.alloc(0),
    agent,
    signal,
    timeoutMs: TIMEOUT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
  };
  for (let attempt = 1; ; attempt++) {
    const answer = await performCall(call);
    if (answer.kind === 'answer' && answer.status === 200) return credentialsIn(answer.body.toString());
    const problem =
      answer.kind === 'failure'
        ? `${answer.code}: ${answer.message}`
        : `HTTP ${answer.status} ${messageIn(answer.body.toString())}`;
    const isFinal = answer.kind === 'failure' ? signal.aborted : answer.status < 500;
    if (isFinal || attempt === ATTEMPTS) throw new Error(`${url.origin} returned no credentials: ${problem.trim()}`);
  }
}

function agentUrl(env: Environment): URL {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const text = relative ? `${ECS_AGENT}${relative}` : (env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '');
  if (!URL.canParse(text)) throw new Error(`AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL: "${text}"`);
  const url = new URL(text);
  const host = bareHost(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (isLoopbackHost(host) || AGENTS.has(host)))) return url;
  throw new Error(
    `AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, loopback, or the agent of ECS or EKS, not ${url.origin}`,
  );
}

/** The file takes precedence over the variable. It is rotated, so it is read each time. */
async function authorization(env: Environment): Promise<string | undefined> {
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file
    ? await readTextFile(file, { timeoutMs: FILE_TIMEOUT_MS })
    : env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  if (token?.includes('\r\n') === true) throw new Error('the authorization token contains line breaks');
  return token === '' ? undefined : token;
}

/**
 * Without `Expiration` they do not expire; without `Token` they are a user's. Source: endpointcreds of AWS's SDK for
 * Go, as the reference uses.
 */
function credentialsIn(text: string): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, Token, Expiration, AccountId } = recordIn(text);
  const expiration = isGiven(Expiration) ? dateOf(parseDate(String(Expiration))) : undefined;
  if (
    typeof AccessKeyId !== 'string' ||
    typeof SecretAccessKey !== 'string' ||
    (typeof Token !== 'string' && isGiven(Token)) ||
    Number.isNaN(expiration?.getTime())
  ) {
    throw new Error('the response lacks AccessKeyId or SecretAccessKey, or its Token or Expiration is malformed');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(typeof Token === 'string' && Token !== '' ? { sessionToken: Token } : {}),
    ...(expiration === undefined ? {} : { expiration }),
    ...(typeof AccountId === 'string' ? { accountId: AccountId } : {}),
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function messageIn(text: string): string {
  const { message, Message, code, Code } = recordIn(text);
  return [code ?? Code, message ?? Message]
    .filter((word) => typeof word === 'string')
    .join(': ')
    .slice(0, 200);
}

function recordIn(text: string): Json {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}
