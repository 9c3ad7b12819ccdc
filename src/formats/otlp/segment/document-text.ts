import { ExactNumber } from '../../../json/exact-number.ts';
import { bareRecord, isObject, objectOf, type Json } from '../../../json/json.ts';

/** X-Ray refuses larger documents. Source: PutTraceSegments. */
const MAX_BYTES = 64 * 1024;
/** Where a document says what was removed from it. */
export const REMOVED = 'otel.removed';
/** Left for the mark. */
const MARK_BYTES = 8 * 1024;
const MAX_MARKED = 30;
const MAX_MARKED_NAME = 200;
/** Characters of a text in a document whose metadata is not what makes it too large. */
const TEXT_LIMITS = [8192, 1024, 200];
/** What nothing can be identified by, in the order in which it is removed. */
const REMOVABLE = ['annotations', 'links', 'cause', 'sql', 'http', 'aws', 'user', 'service'] as const;

/**
 * The JSON text of a segment, within X-Ray's limit: the largest metadata is removed first; then long texts are cut; then
 * whole blocks are removed. The document lists what it lost.
 */
export function documentText(segment: Json): string {
  const text = textOf(segment);
  return fits(text, MAX_BYTES) ? text : shrunkText(segment);
}

/**
 * `JSON.stringify`, which takes three times as long for an object with an ExactNumber, as the times of most spans are:
 * they are put into the text. The members before them are texts, in which a quotation mark is escaped.
 */
function textOf(segment: Json): string {
  const { start_time: start, end_time: end } = segment;
  if (!(start instanceof ExactNumber) || !(end instanceof ExactNumber)) return JSON.stringify(segment);
  const text = JSON.stringify({ ...segment, start_time: 0, end_time: 0 });
  const at = text.indexOf(TIMES);
  if (at < 0) return JSON.stringify(segment);
  return `${text.slice(0, at)}"start_time":${start.exact},"end_time":${end.exact}${text.slice(at + TIMES.length)}`;
}

const TIMES = '"start_time":0,"end_time":0';

function shrunkText(segment: Json): string {
  const document = copyOf(segment);
  const removed: string[] = [];
  const entries = Object.entries(document.metadata).flatMap(([namespace, members]) =>
    Object.keys(members).map((key) => ({ namespace, key, length: lengthOf(key, members[key]) })),
  );
  entries.sort((a, b) => b.length - a.length);
  // Counted, since listing what an object still has after each removal takes a time that grows with the square.
  const left = new Map(Object.entries(document.metadata).map(([name, members]) => [name, Object.keys(members).length]));
  let excess = byteLength(JSON.stringify(document)) - (MAX_BYTES - MARK_BYTES);
  for (const { namespace, key, length } of entries) {
    if (excess <= 0) break;
    delete document.metadata[namespace]![key];
    removed.push(namespace === 'default' ? key : `${namespace}.${key}`);
    excess -= length;
    const others = (left.get(namespace) ?? 0) - 1;
    left.set(namespace, others);
    if (others > 0) continue;
    delete document.metadata[namespace];
    // The last of its members had no comma.
    excess -= lengthOf(namespace, {}) - 1;
  }
  const marked = (): string => {
    const members = (document.metadata['default'] ??= {});
    members[REMOVED] = [
      ...removed.slice(0, MAX_MARKED).map((name) => name.slice(0, MAX_MARKED_NAME)),
      ...(removed.length > MAX_MARKED ? [`and ${removed.length - MAX_MARKED} more`] : []),
    ];
    return JSON.stringify(document);
  };
  let text = marked();
  for (const limit of TEXT_LIMITS) {
    if (fits(text, MAX_BYTES)) return text;
    for (const name of REMOVABLE) if (document[name] !== undefined) document[name] = cut(document[name], limit);
    if (limit === TEXT_LIMITS[0]) removed.push('parts of long texts');
    text = marked();
  }
  for (const name of REMOVABLE) {
    if (fits(text, MAX_BYTES)) return text;
    if (document[name] === undefined) continue;
    delete document[name];
    removed.unshift(name);
    text = marked();
  }
  return text;
}

interface Document extends Record<string, unknown> {
  metadata: Record<string, Record<string, unknown>>;
}

function copyOf(segment: Json): Document {
  const metadata: Record<string, Record<string, unknown>> = bareRecord();
  for (const [namespace, members] of Object.entries(objectOf(segment['metadata'])))
    metadata[namespace] = Object.assign(bareRecord(), members);
  return { ...segment, metadata };
}

/** Bytes that removing a member saves, with its quotes, colon and comma. */
function lengthOf(key: string, value: unknown): number {
  return byteLength(JSON.stringify(key)) + byteLength(JSON.stringify(value)) + 2;
}

/** Cuts texts to `limit` characters, and lists and objects to a number of members that fits with it. */
function cut(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return value.length > limit ? `${value.slice(0, limit)}…` : value;
  const most = Math.max(10, limit >> 4);
  if (Array.isArray(value)) return value.slice(0, most).map((item) => cut(item, limit));
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([key]) => key.length <= limit);
  const result: Record<string, unknown> = bareRecord();
  for (const [key, member] of members.slice(0, most)) result[key] = cut(member, limit);
  return result;
}

const encoder = new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** Counts the bytes only where the number of characters does not decide. */
function fits(text: string, bytes: number): boolean {
  if (text.length > bytes) return false;
  return text.length * 3 <= bytes || byteLength(text) <= bytes;
}
