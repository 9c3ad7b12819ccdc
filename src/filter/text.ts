import type { TraceView } from '../trace/trace-view.ts';
import { ExactNumber } from '../json/exact-number.ts';
import { arrayOf, isObject, member, objectOf, type Json } from '../json/json.ts';

/** Longer texts are cut: an address, a statement or a message that long is not searched to its end. */
const MAX_TEXT = 2_000;
const MAX_METADATA_TEXT = 100;
/** Of one (sub)segment. */
const MAX_METADATA = 100;
const MAX_METADATA_DEPTH = 5;
/** Capital letters inside one text that count as the beginning of a word. */
const MAX_CAPITALS = 16;
/** Words that the index is asked for, the longest ones: the predicate checks the others. */
const MAX_INDEXED_WORDS = 20;

/** Words to search for, as they are compared. */
export interface TextSearch {
  readonly words: readonly string[];
  /** What the index has of them, for its MATCH: a trace that has the words has each of these. */
  readonly terms: readonly TextTerm[];
}

/** A word of the index. */
export interface TextTerm {
  /** In quotes. */
  readonly word: string;
  /** Also longer words that begin with it. */
  readonly isBeginning: boolean;
}

/**
 * The words of a text that somebody typed: separated by whitespace, literal, case-insensitive. A trace matches when each of them occurs in one of its
 * texts, from the beginning of a word of it: `pay` and `Gateway` in `PaymentGateway`, `/api/orders` and `orders` in `http://shop/api/orders/7`. That an
 * address begins with http:// or https:// does not count.
 * undefined when there is none.
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
 * Whether a trace of these documents can contain every word: it has no texts but theirs, and maybe not all of them. A third of what it takes to put
 * the trace together and to ask that.
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
 * What is indexed of a document and its subsegments, for FTS5's tokenizer `ascii`: words are runs of ASCII letters and digits, in any case, and of
 * anything that is not ASCII. A word with inner capitals is also indexed from each of them on.
 */
export function indexedText(document: Json): string {
  const texts: string[] = [];
  const add = (text: string): void => void texts.push(text);
  eachText(document, add);
  if (document['subsegments'] !== undefined) for (const json of withSubsegments(document)) if (json !== document) eachText(json, add);
  const plain = texts.join('\n');
  // Half of what indexing takes is to look at each text, so all are looked at together.
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

/** Calls `add` with each text of a (sub)segment that a person may search for. */
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
    // The writer does not see more of it.
    else if (value instanceof ExactNumber) say(`${key}=${value.double}`);
  }
}

function addHttp({ http }: Json, say: (value: unknown) => void): void {
  if (http === undefined) return;
  const request = member(http, 'request');
  const url = member(request, 'url');
  say(member(request, 'method'));
  if (typeof url === 'string') {
    // Nearly all have it, so that it leads nowhere.
    const address = withoutScheme(url);
    say(address);
    // The page shows addresses decoded.
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
  /** Positions of inner capitals, at which a word begins too. */
  readonly capitals: readonly number[];
}

const SCHEME = /^https?:\/\//i;

function withoutScheme(address: string): string {
  return address.startsWith('http://') ? address.slice('http://'.length) : address.replace(SCHEME, '');
}

const SEPARATORS = /[^0-9a-z\u0080-\uffff]+/;
/** What most texts are without: they are compared as they are. */
const CAPITAL_OR_NOT_ASCII = /[A-Z\u0080-\uffff]/;
const NOT_ASCII = /[\u0080-\uffff]/;
const CAPITAL_INSIDE = /[a-z0-9][A-Z]|[A-Z][A-Z][a-z]/;
const CAPITAL_INSIDE_OR_NOT_ASCII = /[\u0080-\uffff]|[a-z0-9][A-Z]|[A-Z][A-Z][a-z]/;
const CAPITALS = /(?<=[a-z0-9])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])/g;
/** Signs, and letters of scripts that write no blanks between words: each is a word of its own. */
const ALONE =
  /[^\p{L}\p{M}\p{N}\0-\x7f]|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;
const NO_CAPITALS: readonly number[] = [];

function comparable(text: string): Comparable {
  if (!CAPITAL_OR_NOT_ASCII.test(text)) return { lower: text, capitals: NO_CAPITALS };
  const spaced = NOT_ASCII.test(text) ? text.toWellFormed().normalize('NFC').replaceAll(ALONE, ' $& ').replaceAll(/ {2,}/g, ' ') : text;
  const lower = spaced.toLowerCase();
  // Places are those of the text only while no letter became two.
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

/** Of one word: what lies between separators is whole in each text that has the word, and its end may be the beginning of a longer one. */
function termsOf(word: string): TextTerm[] {
  const parts = word.split(SEPARATORS);
  return parts.flatMap((part, i) => (part === '' ? [] : [{ word: `"${part}"`, isBeginning: i === parts.length - 1 }]));
}
