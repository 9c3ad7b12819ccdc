import { isUtf8 } from 'node:buffer';
import { arrayOf, isObject, member, type Json } from '../json/json.ts';
import { jsonShapeProblem } from '../json/json-shape.ts';
import { ApiError } from './api-error.ts';

/** Far beyond any request of X-Ray: 50 documents are 53 values, the largest rule 6 levels. */
const BODY_LIMITS = { maxDepth: 32, maxValues: 20_000 };
/** Maximum number of violations listed; the message has their total. */
const MAX_LISTED = 10;
const MAX_NAME = 100;

/** The body as JSON; `{}` if it is empty. Members that are null are removed. Throws SerializationException. */
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
  if (!isObject(json)) throw unreadable('The body is not a JSON object');
  return withoutNulls(json);
}

function unreadable(message: string): ApiError {
  return new ApiError('SerializationException', message);
}

/** One error of fastify's validator. */
export interface Violation {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The invalid key, if it is the key of a map that is invalid. */
  readonly propertyName?: string;
}

/**
 * The error that AWS answers to a request that its model forbids: a wrong type cannot be read, anything else is listed.
 * Source: recorded answers of X-Ray for the form, X-Ray's model for the constraints.
 */
export function violationError(violations: readonly Violation[], body: unknown): ApiError {
  const unreadableOne = violations.find(({ keyword }) => keyword === 'type');
  if (unreadableOne !== undefined) return unreadable(conversionProblem(unreadableOne, body));
  // The validator reports an invalid key twice.
  const told = violations.filter(({ keyword }) => keyword !== 'propertyNames');
  const texts = told.slice(0, MAX_LISTED).map((violation) => textOf(violation, body));
  const errors = told.length === 1 ? '1 validation error' : `${told.length} validation errors`;
  return new ApiError('ValidationException', `${errors} detected: ${texts.join('; ')}`);
}

/** compat: AWS's messages for a number or boolean instead of a string. Source: a recorded answer of X-Ray. */
function conversionProblem({ instancePath, params }: Violation, body: unknown): string {
  const value = valueAt(body, instancePath.split('/').slice(1));
  if (params['type'] === 'string' && typeof value === 'number') return 'NUMBER_VALUE can not be converted to a String';
  if (params['type'] === 'string' && typeof value === 'boolean')
    return `${String(value).toUpperCase()}_VALUE can not be converted to a String`;
  return 'The request has a member of a wrong type';
}

function textOf({ keyword, instancePath, params, propertyName }: Violation, body: unknown): string {
  const isMissing = keyword === 'required';
  const path = instancePath.split('/').slice(1);
  const place = (isMissing ? [...path, String(params['missingProperty'])] : path).map(memberName).join('.');
  const value = isMissing ? 'null' : `'${shown(propertyName ?? valueAt(body, path))}'`;
  const rule = constraint(keyword, params);
  return `Value ${value} at '${place}' failed to satisfy constraint: ${propertyName === undefined ? rule : `Map keys must satisfy constraint: [${rule}]`}`;
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
      return `Member must satisfy enum value set: [${arrayOf(params['allowedValues']).join(', ')}]`;
    case 'pattern':
      return `Member must satisfy regular expression pattern: ${String(params['pattern']).replaceAll(/^\^|\$$/g, '')}`;
    default:
      return `Member is not valid (${keyword})`;
  }
}

/** AWS writes members in lower camel case here, and counts the elements of lists from 1. */
function memberName(part: string): string {
  return /^\d+$/.test(part) ? `${Number(part) + 1}.member` : part.charAt(0).toLowerCase() + part.slice(1);
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  let value = body;
  for (const part of path) value = Array.isArray(value) ? value[Number(part)] : member(value, part);
  return value;
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, MAX_NAME);
}

/** A copy without the members that are null, which clients write for absent ones. */
function withoutNulls(object: Json): Json {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, withoutNullsIn(value)]),
  );
}

function withoutNullsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullsIn);
  return isObject(value) ? withoutNulls(value) : value;
}
