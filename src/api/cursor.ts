import { createHash } from 'node:crypto';
import type { Cursor } from '../query/source.ts';
import { invalid, type ApiError } from './api-error.ts';

/** Where a page ended. */
export type Place = readonly (string | number)[];

/**
 * A place as text, for clients that return it unchanged. With `question`, everything that decides which items there are
 * and in what order.
 */
export function cursorAt(place: Place, question: readonly unknown[] = []): string {
  return Buffer.from(JSON.stringify([...place, fingerprint(question)])).toString('base64url');
}

/**
 * The place of a cursor; undefined if it was not made by `cursorAt` with this question: after another one, items would
 * be left out.
 */
export function placeOf(cursor: string, question: readonly unknown[] = []): Place | undefined {
  const values = parsed(Buffer.from(cursor, 'base64url').toString());
  if (!Array.isArray(values)) return undefined;
  const place: Place = values.slice(0, -1).filter((value) => typeof value === 'string' || typeof value === 'number');
  return cursorAt(place, question) === cursor ? place : undefined;
}

/**
 * One page of `items`, and AWS's token for the next page. Throws InvalidRequestException for the token of another
 * question.
 */
export function pageOf<T>(
  items: readonly T[],
  {
    NextToken: token,
    MaxResults,
    most,
    question,
  }: { NextToken?: string; MaxResults?: number; most: number; question: readonly unknown[] },
): { items: readonly T[]; NextToken: string | null } {
  const from = offsetOf(token, question);
  const to = from + (MaxResults ?? most);
  return { items: items.slice(from, to), NextToken: to < items.length ? cursorAt([to], question) : null };
}

/**
 * The number of items before the page; 0 without a token. Throws InvalidRequestException for the token of another
 * question.
 */
export function offsetOf(token: string | undefined, question: readonly unknown[]): number {
  if (token === undefined) return 0;
  const [offset, ...others] = placeOf(token, question) ?? [];
  if (!isRow(offset) || others.length > 0) throw invalidToken(token);
  return offset;
}

/** Where a list of traces continues; undefined if the cursor was made for another question. */
export function traceCursorOf(cursor: string, question: readonly unknown[]): Cursor | undefined {
  const [row, time, ...others] = placeOf(cursor, question) ?? [];
  return isRow(row) && typeof time === 'number' && others.length === 0 ? { row, time } : undefined;
}

export function isRow(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function invalidToken(token: string): ApiError {
  return invalid(`Invalid token ${token}`);
}

/** Not a secret: it distinguishes questions that a client confuses. */
function fingerprint(question: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 10);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
