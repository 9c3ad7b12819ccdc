import { isDate } from 'node:util/types';
import type { AwsCredentials } from './signer.ts';

/** Maximum length of the instance metadata values that xrayd reads; a host name has at most 255 characters. */
const MAX_VALUE = 255;
const VALUE = /^[\x21-\x7e]+$/;
/** A region is one label of a host name. */
const REGION = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * One value of instance metadata. Throws if another server answers, such as a portal: its page would be used as a
 * region or a host name.
 * Source of the form: EC2 user guide, instance metadata categories.
 */
export function metadataValue(text: string): string {
  const value = text.trim();
  if (value.length > MAX_VALUE || !VALUE.test(value) || /[<>{}"]/.test(value))
    throw new Error(`the response is not instance metadata: ${shown(text)}`);
  return value;
}

/** The region that a service returned; undefined if it returned none. Throws if the value is malformed. */
export function regionOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && REGION.test(value)) return value;
  throw new Error(`it names ${shown(JSON.stringify(value))}, which is not a region`);
}

/** The region is the fourth part of the task's ARN. Source: the form of ARNs. */
export function regionOfTask(metadata: unknown): string | undefined {
  const arn =
    typeof metadata === 'object' && metadata !== null ? (metadata as { TaskARN?: unknown }).TaskARN : undefined;
  if (arn === undefined || arn === null) return undefined;
  if (typeof arn !== 'string' || !arn.startsWith('arn:'))
    throw new Error(`the response is not from ECS: TaskARN is ${shown(JSON.stringify(arn))}`);
  return regionOf(arn.split(':')[3]);
}

/**
 * Checks that the credentials can be used for signing. Throws if a provider returned something else, which would make
 * every request fail until it expires. The message contains no part of the credentials.
 */
export function usableCredentials(given: AwsCredentials): AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = given as Partial<
    Record<keyof AwsCredentials, unknown>
  >;
  const problem =
    problemOf('access key id', accessKeyId) ??
    problemOf('secret access key', secretAccessKey) ??
    (sessionToken === undefined || sessionToken === '' ? undefined : problemOf('session token', sessionToken)) ??
    (expiration === undefined || (isDate(expiration) && !Number.isNaN(expiration.getTime()))
      ? undefined
      : 'its expiration is not a date');
  if (problem !== undefined) throw new Error(`the provider returned invalid credentials: ${problem}`);
  return given;
}

function problemOf(what: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return `there is no ${what}`;
  if (VALUE.test(value)) return undefined;
  // As in a Kubernetes Secret that was made with `echo`.
  if (VALUE.test(value.trim())) return `its ${what} begins or ends with a blank or a line break`;
  return `its ${what} has invalid characters`;
}

function shown(text: string): string {
  return `"${text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')}"`;
}
