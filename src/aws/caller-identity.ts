import { dateOf } from '../pipeline/clock.ts';
import { performCall } from './http-call.ts';
import type { Outbound } from './outbound-proxy.ts';
import { signedHeaders, type AwsCredentials } from './signer.ts';

export interface CallerIdentity {
  readonly account: string;
  /** ARN of the role or user. */
  readonly role: string;
}

/**
 * Asks STS who owns the credentials; undefined if STS does not tell within 2 s.
 * GetCallerIdentity needs no permission. Source: STS API reference.
 */
export async function callerIdentity(
  credentials: AwsCredentials,
  url: URL,
  region: string,
  outbound: Outbound,
): Promise<CallerIdentity | undefined> {
  const body = Buffer.from('Action=GetCallerIdentity&Version=2011-06-15');
  const unsigned = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
  const headers = await signedHeaders(
    { url, method: 'POST', headers: unsigned, body },
    credentials,
    'sts',
    region,
    dateOf(),
  );
  const answer = await performCall({
    url,
    method: 'POST',
    headers,
    body,
    agent: outbound.agentFor(url),
    signal: AbortSignal.timeout(2_000),
    timeoutMs: 2_000,
    maxAnswerBytes: 64 * 1024,
  });
  if (answer.kind !== 'answer' || answer.status !== 200) return undefined;
  const text = answer.body.toString();
  const account = /<Account>(\d{12})<\/Account>/.exec(text)?.[1];
  const arn = /<Arn>(arn:[\w:/+=,.@-]{1,2048})<\/Arn>/.exec(text)?.[1];
  return account === undefined || arn === undefined ? undefined : { account, role: arn };
}

/** The STS endpoint in the region and partition of an X-Ray endpoint of AWS; undefined for any other endpoint. */
export function stsUrlBeside(xray: URL): URL | undefined {
  const match = /^xray(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?|api\.aws|c2s\.ic\.gov|sc2s\.sgov\.gov)$/.exec(
    xray.hostname,
  );
  if (match === null) return undefined;
  return new URL(`https://sts.${match[2]}.${match[3] === 'api.aws' ? 'amazonaws.com' : match[3]}/`);
}
