import type { HttpAnswer } from './http-call.ts';
import { oneLine } from '../pipeline/one-line.ts';

/** Enough to tell a portal from a gateway; no more, because a response may repeat the request. */
const MAX_BODY = 80;
const MAX_HEADER = 60;

/** Hosts of AWS's partitions, VPC endpoints included. Source: partitions.json of the AWS SDKs. */
const AWS_HOST =
  /(^|\.)(amazonaws\.(com(\.cn)?|eu)|api\.aws|api\.amazonwebservices\.(com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk|aws\.ic\.gov|aws\.scloud|api\.aws\.(ic\.gov|scloud))$/;

/** Whether `url` belongs to AWS itself; any other host may be an emulator, a gateway or another X-Ray. */
export function isAwsHost({ hostname }: URL): boolean {
  return AWS_HOST.test(hostname.toLowerCase().replace(/\.$/, ''));
}

/**
 * Whether the response has a request ID. AWS sends one with every response of X-Ray, including errors; emulators do not
 * always.
 * Source: captured responses of X-Ray; the names are those that AWS SDKs read.
 */
export function hasRequestId({ headers }: HttpAnswer): boolean {
  return ['x-amzn-requestid', 'x-amzn-request-id', 'x-amz-request-id'].some(
    (name) => headers[name] !== undefined && headers[name] !== '',
  );
}

/**
 * Whether it is an error in X-Ray's form: with the type in `x-amzn-errortype`. Any gateway may send a `code` in the
 * body.
 */
export function isXRaysError({ headers }: HttpAnswer): boolean {
  return typeof headers['x-amzn-errortype'] === 'string' && headers['x-amzn-errortype'] !== '';
}

/**
 * Whether the response claims to be compressed. No call of ours accepts that, so an intermediary did it or sends a
 * wrong header.
 */
export function isEncoded({ headers }: HttpAnswer): boolean {
  return !['', 'identity'].includes(headers['content-encoding'] ?? '');
}

/** Describes a response that does not come from X-Ray, for a log line: short, printable, and never the request. */
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
  fields['begins'] = isEcho ? '(what was sent)' : oneLine(body.toString('latin1', 0, MAX_BODY), MAX_BODY);
  return fields;
}
