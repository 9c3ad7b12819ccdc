import { isUtf8 } from 'node:buffer';
import { jsonShapeProblem } from '../../pipeline/json-shape.ts';
import { ApiError, invalid } from './api-error.ts';

/** Far beyond any request of X-Ray: 50 documents are 53 values, the largest rule 6 levels. */
const BODY_LIMITS = { maxDepth: 32, maxValues: 20_000 };
/** Violations that are listed; their number is said. */
const MAX_LISTED = 10;
const MAX_NAME = 100;

/** The body as JSON; `{}` when there is none. Members that are null are absent. Throws SerializationException. */
export function bodyOf(bytes: Buffer): object {
  if (bytes.length === 0) return {};
  const problem = jsonShapeProblem(bytes, BODY_LIMITS);
  if (problem === 'too_deep') throw unreadable(`The body is nested more than ${BODY_LIMITS.maxDepth} levels deep`);
  if (problem === 'too_many_values') throw unreadable(`The body has more than ${BODY_LIMITS.maxValues} values`);
  if (!isUtf8(bytes)) throw unreadable('The body is not UTF-8');
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch {
    throw unreadable('The body is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unreadable('The body is not a JSON object');
  return withoutNulls(json) as object;
}

/** Each parameter of a query once, so that every one is a text. Throws InvalidRequestException. */
export function checkQuery(query: unknown): void {
  const twice = Object.entries(query as Record<string, unknown>).find(([, value]) => typeof value !== 'string');
  if (twice !== undefined) throw invalid(`The query parameter ${JSON.stringify(twice[0].slice(0, MAX_NAME))} is given more than once`);
}

function unreadable(message: string): ApiError {
  return new ApiError('SerializationException', message);
}

/** How many items a token that is a number leaves out; 0 without one. Throws InvalidRequestException for the token of another operation. */
export function offsetOf(token: string | undefined): number {
  if (token !== undefined && !/^\d{1,9}$/.test(token)) throw invalid(`Invalid token ${token}`);
  return Number(token ?? 0);
}

/** What fastify's validator says of one member. */
export interface Violation {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * The error that AWS answers to a request that its model forbids: a wrong type cannot be read, anything else is listed.
 * Source: recorded answers of X-Ray for the form, X-Ray's model for the constraints.
 */
export function violationError(violations: readonly Violation[], body: unknown): ApiError {
  const unreadableOne = violations.find(({ keyword }) => keyword === 'type');
  if (unreadableOne !== undefined) return unreadable(conversionProblem(unreadableOne, body));
  const texts = violations.slice(0, MAX_LISTED).map((violation) => textOf(violation, body));
  const errors = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`;
  return new ApiError('ValidationException', `${errors} detected: ${texts.join('; ')}`);
}

/** compat: the words of AWS for numbers and booleans in place of texts. Source: a recorded answer of X-Ray. */
function conversionProblem({ instancePath, params }: Violation, body: unknown): string {
  const value = valueAt(body, instancePath.split('/').slice(1));
  if (params['type'] === 'string' && typeof value === 'number') return 'NUMBER_VALUE can not be converted to a String';
  if (params['type'] === 'string' && typeof value === 'boolean') return `${String(value).toUpperCase()}_VALUE can not be converted to a String`;
  return 'The request has a member of a wrong type';
}

function textOf({ keyword, instancePath, params }: Violation, body: unknown): string {
  const isMissing = keyword === 'required';
  const path = instancePath.split('/').slice(1);
  const place = (isMissing ? [...path, String(params['missingProperty'])] : path).map(memberName).join('.');
  const value = isMissing ? 'null' : `'${shown(valueAt(body, path))}'`;
  return `Value ${value} at '${place}' failed to satisfy constraint: ${constraint(keyword, params)}`;
}

function constraint(keyword: string, params: Readonly<Record<string, unknown>>): string {
  const limit = String(params['limit']);
  switch (keyword) {
    case 'required':
      return 'Member must not be null';
    case 'minimum':
      return `Member must have value greater than or equal to ${limit}`;
    case 'maximum':
      return `Member must have value less than or equal to ${limit}`;
    case 'minLength':
    case 'minItems':
      return `Member must have length greater than or equal to ${limit}`;
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return `Member must have length less than or equal to ${limit}`;
    case 'enum':
      return `Member must satisfy enum value set: [${(params['allowedValues'] as string[]).join(', ')}]`;
    case 'pattern':
      return `Member must satisfy regular expression pattern: ${String(params['pattern']).replaceAll(/^\^|\$$/g, '')}`;
    default:
      return `Member is not valid (${keyword})`;
  }
}

/** A count in a query string of ours; undefined where there is none. Throws InvalidRequestException. */
export function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1) throw invalid(`${name} is a whole number of 1 or more, not "${text.slice(0, 40)}"`);
  return count;
}

/** AWS writes members in lower camel case here, and counts the elements of lists from 1. */
function memberName(part: string): string {
  return /^\d+$/.test(part) ? `${Number(part) + 1}.member` : part.charAt(0).toLowerCase() + part.slice(1);
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  let value = body;
  for (const part of path) value = (value as Record<string, unknown> | undefined)?.[part];
  return value;
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, MAX_NAME);
}

/** A copy without the members that are null, which clients write for absent ones. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null)
      .map(([key, each]) => [key, withoutNulls(each)]),
  );
}
