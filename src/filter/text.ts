import type { TraceView } from '../trace/trace-view.ts';
import { ExactNumber } from '../json/exact-number.ts';
import { arrayOf, isObject, member, objectOf, type Json } from '../json/json.ts';

/** Longer texts are cut: the end of a very long URL, statement or message is not searched. */
const MAX_TEXT = 2_000;
const MAX_METADATA_TEXT = 100;
/** Maximum number of metadata values per (sub)segment. */
const MAX_METADATA = 100;
const MAX_METADATA_DEPTH = 5;
/** Maximum number of inner capitals of a text that begin a word. */
const MAX_CAPITALS = 16;
/** Maximum number of words in an index query, the longest ones; the predicate checks the others. */
const MAX_INDEXED_WORDS = 20;

/** Search words in normalised form. */
export interface TextSearch {
  readonly words: readonly string[];
  /** Terms for the index's MATCH: a trace that contains the words has all of these. */
  readonly terms: readonly TextTerm[];
}

/** A word of the index. */
export interface TextTerm {
  /** Quoted. */
  readonly word: string;
  /** Also matches longer words that begin with it. */
  readonly isBeginning: boolean;
}

/**
 * Parses search words: separated by whitespace, literal, case-insensitive. A trace matches if each word occurs in one of its texts at the beginning
 * of a word: `pay` and `Gateway` in `PaymentGateway`, `/api/orders` and `orders` in `http://shop/api/orders/7`. A leading http:// or https:// of a
 * URL is ignored.
 * undefined if there are no words.
 */
export function textSearch(text: string | undefined): TextSearch | undefined {
  const words = new Set<string>();
  for (const word of (text ?? '').split(/\s+/u)) {
    const { lower } = comparable(withoutScheme(word));
    if (lower !== '') words.add(lower.trim());
  }
  if (words.size === 0) return undefined;
  const indexed = [...words].sort((a, b) => b.length - a.length).slice(0, MAX_INDEXED_WORDS);
  const terms = new Map(indexed.flatMap(termsOf).map((term) => [`${term.word}${term.isBeginning}`, term]));
  return { words: [...words], terms: [...terms.values()] };
}

/** Whether the trace contains every word. */
export function matchesText({ words }: TextSearch, { trace }: TraceView): boolean {
  let left = words;
  for (const entity of trace.entities()) {
    left = wordsNotIn(entity.json, left);
    if (left.length === 0) return true;
  }
  return false;
}

/**
 * Whether a trace of these documents can contain every word: it has no other texts, and may use only some of them. Takes a third of the time
 * of assembling the trace and calling `matchesText`.
 */
export function mayMatchText({ words }: TextSearch, documents: readonly Json[]): boolean {
  let left = words;
  for (const document of documents) {
    for (const json of withSubsegments(document)) {
      left = wordsNotIn(json, left);
      if (left.length === 0) return true;
    }
  }
  return false;
}

function wordsNotIn(json: Json, words: readonly string[]): readonly string[] {
  let left = words;
  eachText(json, (text) => {
    const found = comparable(text);
    if (left.some((word) => has(found, word))) left = left.filter((word) => !has(found, word));
  });
  return left;
}

function* withSubsegments(document: Json): Generator<Json> {
  const open: Json[] = [document];
  for (let json = open.pop(); json !== undefined; json = open.pop()) {
    yield json;
    for (const child of arrayOf(json['subsegments'])) if (isObject(child)) open.push(child);
  }
}

/**
 * The indexed text of a document and its subsegments, for FTS5's tokenizer `ascii`: words are runs of ASCII letters and digits, in any case, and of
 * non-ASCII characters. A word with inner capitals is also indexed from each of them.
 */
export function indexedText(document: Json): string {
  const texts: string[] = [];
  const add = (text: string): void => void texts.push(text);
  eachText(document, add);
  if (document['subsegments'] !== undefined) for (const json of withSubsegments(document)) if (json !== document) eachText(json, add);
  const plain = texts.join('\n');
  // Examining each text takes half of the time for indexing, so all are examined together.
  if (!CAPITAL_INSIDE_OR_NOT_ASCII.test(plain)) return plain;
  const parts: string[] = [];
  for (const text of texts) {
    if (!CAPITAL_INSIDE_OR_NOT_ASCII.test(text)) {
      parts.push(text);
      continue;
    }
    const { lower, capitals } = comparable(text);
    parts.push(lower);
    for (const at of capitals) parts.push(lower.slice(at).split(SEPARATORS, 1)[0]!);
  }
  return parts.join('\n');
}

/** Calls `add` with each searchable text of a (sub)segment. */
function eachText(json: Json, add: (text: string) => void): void {
  const say = (value: unknown): void => {
    if (typeof value === 'string' && value !== '') add(value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value);
  };
  say(json['name']);
  say(json['user']);
  say(json['resource_arn']);
  addHttp(json, say);
  if (json['annotations'] !== undefined) addAnnotations(objectOf(json['annotations']), say);
  for (const exception of arrayOf(member(json['cause'], 'exceptions'))) {
    say(member(exception, 'type'));
    say(member(exception, 'message'));
  }
  const { sql, aws, service } = json;
  if (sql !== undefined) {
    say(member(sql, 'sanitized_query'));
    say(member(sql, 'url'));
  }
  if (aws !== undefined) {
    for (const value of Object.values(objectOf(aws))) for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) say(each);
    say(member(member(aws, 'ec2'), 'instance_id'));
  }
  if (service !== undefined) say(member(service, 'version'));
  if (json['metadata'] !== undefined) addMetadata(json['metadata'], say);
}

function addAnnotations(annotations: Json, say: (value: unknown) => void): void {
  for (const key of Object.keys(annotations)) {
    const value = annotations[key];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') say(`${key}=${value}`);
    // The writer sees no more of the number.
    else if (value instanceof ExactNumber) say(`${key}=${value.double}`);
  }
}

function addHttp({ http }: Json, say: (value: unknown) => void): void {
  if (http === undefined) return;
  const request = member(http, 'request');
  const url = member(request, 'url');
  say(member(request, 'method'));
  if (typeof url === 'string') {
    // Nearly all URLs have a scheme, so it is not selective.
    const address = withoutScheme(url);
    say(address);
    // The page shows URLs decoded.
    if (address.includes('%')) say(decoded(address));
  }
  say(member(request, 'client_ip'));
  const status = member(member(http, 'response'), 'status');
  if (typeof status === 'number') say(`status=${status}`);
}

function addMetadata(metadata: unknown, say: (value: unknown) => void): void {
  let left = MAX_METADATA;
  const visit = (value: unknown, depth: number): void => {
    if (typeof value === 'string') {
      if (left-- > 0) say(value.slice(0, MAX_METADATA_TEXT));
    } else if (typeof value === 'object' && value !== null && depth < MAX_METADATA_DEPTH) {
      for (const each of Object.values(value)) if (left > 0) visit(each, depth + 1);
    }
  };
  visit(metadata, 0);
}

function decoded(url: string): string | undefined {
  try {
    return decodeURIComponent(url);
  } catch {
    return undefined;
  }
}

interface Comparable {
  readonly lower: string;
  /** Positions of inner capitals, each of which begins a word. */
  readonly capitals: readonly number[];
}

const SCHEME = /^https?:\/\//i;

function withoutScheme(address: string): string {
  return address.startsWith('http://') ? address.slice('http://'.length) : address.replace(SCHEME, '');
}

const SEPARATORS = /[^0-9a-z\u0080-\uffff]+/;
/** Most texts contain none of these, and are compared unchanged. */
const CAPITAL_OR_NOT_ASCII = /[A-Z\u0080-\uffff]/;
const NOT_ASCII = /[\u0080-\uffff]/;
const CAPITAL_INSIDE = /[a-z0-9][A-Z]|[A-Z][A-Z][a-z]/;
const CAPITAL_INSIDE_OR_NOT_ASCII = /[\u0080-\uffff]|[a-z0-9][A-Z]|[A-Z][A-Z][a-z]/;
const CAPITALS = /(?<=[a-z0-9])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])/g;
/** Symbols, and letters of scripts without blanks between words: each is a separate word. */
const ALONE =
  /[^\p{L}\p{M}\p{N}\0-\x7f]|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;
const NO_CAPITALS: readonly number[] = [];

function comparable(text: string): Comparable {
  if (!CAPITAL_OR_NOT_ASCII.test(text)) return { lower: text, capitals: NO_CAPITALS };
  const spaced = NOT_ASCII.test(text) ? text.toWellFormed().normalize('NFC').replaceAll(ALONE, ' $& ').replaceAll(/ {2,}/g, ' ') : text;
  const lower = spaced.toLowerCase();
  // Positions are valid only if lower-casing did not change the length.
  if (!CAPITAL_INSIDE.test(spaced) || lower.length !== spaced.length) return { lower, capitals: NO_CAPITALS };
  const capitals: number[] = [];
  for (const { index } of spaced.matchAll(CAPITALS)) {
    if (capitals.push(index) === MAX_CAPITALS) break;
  }
  return { lower, capitals };
}

function has({ lower, capitals }: Comparable, word: string): boolean {
  const beginsAnywhere = isSeparator(word, 0);
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) {
    if (beginsAnywhere || at === 0 || isSeparator(lower, at - 1) || capitals.includes(at)) return true;
  }
  return false;
}

function isSeparator(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x80 && !(code >= 0x30 && code <= 0x39) && !(code >= 0x61 && code <= 0x7a);
}

/** The index terms of a word: the parts between separators occur whole in each matching text; the last part may begin a longer word. */
function termsOf(word: string): TextTerm[] {
  const parts = word.split(SEPARATORS);
  return parts.flatMap((part, i) => (part === '' ? [] : [{ word: `"${part}"`, isBeginning: i === parts.length - 1 }]));
}
