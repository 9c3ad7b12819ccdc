import { isDate } from 'node:util/types';
import type { AwsCredentials } from './signer.ts';

/** Longest value of instance metadata that is read here; a host name has at most 255 characters. */
const MAX_VALUE = 255;
const VALUE = /^[\x21-\x7e]+$/;
/** A region is one label of a host name. */
const REGION = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * One value of instance metadata. Throws when something else answers, such as a portal's page: it would be taken for a region or a host's name.
 * Source of the form: EC2 user guide, instance metadata categories.
 */
export function metadataValue(text: string): string {
  const value = text.trim();
  if (value.length > MAX_VALUE || !VALUE.test(value) || /[<>{}"]/.test(value))
    throw new Error(`what answers is not instance metadata: ${shown(text)}`);
  return value;
}

/** A region that a service named; undefined for none. Throws when it has not the form of one. */
export function regionOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && REGION.test(value)) return value;
  throw new Error(`it names ${shown(JSON.stringify(value))}, which is no region`);
}

/** Source: the form of ARNs; the region is in the fourth place. */
export function regionOfTask(metadata: unknown): string | undefined {
  const arn = typeof metadata === 'object' && metadata !== null ? (metadata as { TaskARN?: unknown }).TaskARN : undefined;
  if (arn === undefined || arn === null) return undefined;
  if (typeof arn !== 'string' || !arn.startsWith('arn:')) throw new Error(`what answers is not ECS: TaskARN is ${shown(JSON.stringify(arn))}`);
  return regionOf(arn.split(':')[3]);
}

/**
 * Credentials that can be signed with. Throws when a provider gave something else, which would be signed with, or make every request an error,
 * until it ends. Nothing of them is in the message.
 */
export function usableCredentials(given: AwsCredentials): AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = given as Partial<Record<keyof AwsCredentials, unknown>>;
  const problem =
    problemOf('access key id', accessKeyId) ??
    problemOf('secret access key', secretAccessKey) ??
    (sessionToken === undefined || sessionToken === '' ? undefined : problemOf('session token', sessionToken)) ??
    (expiration === undefined || (isDate(expiration) && !Number.isNaN(expiration.getTime())) ? undefined : 'its expiration is no date');
  if (problem !== undefined) throw new Error(`what it gave are no credentials: ${problem}`);
  return given;
}

function problemOf(what: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return `there is no ${what}`;
  return VALUE.test(value) ? undefined : `its ${what} has characters that no ${what} has`;
}

function shown(text: string): string {
  return `"${text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')}"`;
}
