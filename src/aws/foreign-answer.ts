import type { HttpAnswer } from './http-call.ts';
import { oneLine } from '../pipeline/one-line.ts';

/** Enough to tell a portal from a gateway; an answer may repeat what was sent, so not more. */
const MAX_BEGIN = 80;
const MAX_HEADER = 60;

/** Hosts of AWS's partitions, VPC endpoints included. Source: partitions.json of the AWS SDKs. */
const AWS_HOST =
  /(^|\.)(amazonaws\.(com(\.cn)?|eu)|api\.aws|api\.amazonwebservices\.(com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk|aws\.ic\.gov|aws\.scloud|api\.aws\.(ic\.gov|scloud))$/;

/** Whether AWS itself answers at `url`; an emulator, a gateway or another X-Ray may stand at any other host. */
export function isAwsHost({ hostname }: URL): boolean {
  return AWS_HOST.test(hostname.toLowerCase().replace(/\.$/, ''));
}

/**
 * Whether the answer has a request id. AWS sends one with every answer of X-Ray, errors included; emulators do not always.
 * Source: captured answers of X-Ray; the names are those that AWS SDKs read.
 */
export function hasRequestId({ headers }: HttpAnswer): boolean {
  return ['x-amzn-requestid', 'x-amzn-request-id', 'x-amz-request-id'].some((name) => headers[name] !== undefined && headers[name] !== '');
}

/** Whether it is an error in X-Ray's form: the type stands in `x-amzn-errortype`. A `code` in the body alone is any gateway's. */
export function isXRaysError({ headers }: HttpAnswer): boolean {
  return typeof headers['x-amzn-errortype'] === 'string' && headers['x-amzn-errortype'] !== '';
}

/** Whether its body is said to be compressed: no call of ours takes that, so something in between did it, or says so wrongly. */
export function isEncoded({ headers }: HttpAnswer): boolean {
  return !['', 'identity'].includes(headers['content-encoding'] ?? '');
}

/** What an answer that is not X-Ray's looks like, for a log line: short, printable, and never what was sent. */
export function describeAnswer({ status, headers, body }: HttpAnswer): Record<string, string | number> {
  const fields: Record<string, string | number> = { status };
  for (const [name, key] of [
    ['content-type', 'contentType'],
    ['content-encoding', 'contentEncoding'],
    ['server', 'server'],
    ['via', 'via'],
    ['location', 'location'],
    ['x-amzn-errortype', 'errorType'],
  ] as const) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') fields[key] = oneLine(value, MAX_HEADER);
  }
  const isEcho = body.includes('TraceSegmentDocuments') || body.includes('trace_id');
  fields['begins'] = isEcho ? '(what was sent)' : oneLine(body.toString('latin1', 0, MAX_BEGIN), MAX_BEGIN);
  return fields;
}
