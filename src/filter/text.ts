import { ExactNumber } from '../json/exact-number.ts';
import { member, type Json } from '../json/json.ts';
import { NOTHING, type Http, type Span, type TraceDocument } from '../trace/model.ts';
import { isAnnotationValue, type TraceView } from '../trace/trace-view.ts';

/** Longer texts are cut: the end of a very long URL, statement or message is not searched. */
const MAX_TEXT = 2_000;
const MAX_METADATA_TEXT = 100;
/** Maximum number of metadata values of a span. */
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
 * Parses search words: separated by whitespace, literal, case-insensitive. A trace matches if each word occurs in one
 * of its texts at the beginning of a word: `pay` and `Gateway` in `PaymentGateway`, `/api/orders` and `orders` in
 * `http://shop/api/orders/7`. A leading http:// or https:// of a URL is ignored.
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
  return new WordsLeft(words).areFoundIn(trace.spans());
}

/**
 * Whether a trace of these documents can contain every word: it has no other texts, and may use only some of them.
 * Takes a third of the time of assembling the trace and calling `matchesText`.
 */
export function mayMatchText({ words }: TextSearch, documents: readonly TraceDocument[]): boolean {
  const left = new WordsLeft(words);
  return documents.some(({ spans }) => left.areFoundIn(spans));
}

class WordsLeft {
  #words: readonly string[];
  /** One function for all spans: a search calls it for each of them. */
  readonly #say = sayTo((text) => this.#find(text));

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** Whether the rest of the words is in these spans. */
  areFoundIn(spans: readonly Span[]): boolean {
    for (const span of spans) {
      eachText(span, this.#say);
      if (this.#words.length === 0) return true;
    }
    return false;
  }

  #find(text: string): void {
    const found = comparable(text);
    if (this.#words.some((word) => has(found, word))) this.#words = this.#words.filter((word) => !has(found, word));
  }
}

/**
 * The indexed text of a document's spans, for FTS5's tokenizer `ascii`: words are runs of ASCII letters and digits, in
 * any case, and of non-ASCII characters. A word with inner capitals is also indexed from each of them.
 */
export function indexedText({ spans }: TraceDocument): string {
  const texts: string[] = [];
  const say = sayTo((text) => texts.push(text));
  for (const span of spans) eachText(span, say);
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

type Say = (value: unknown) => void;

/** Passes on what is a text, without the end of a very long one. */
function sayTo(add: (text: string) => void): Say {
  return (value) => {
    if (typeof value === 'string' && value !== '') add(value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value);
  };
}

/** Calls `say` with each searchable text of a span, and with values that are none. */
function eachText(span: Span, say: Say): void {
  const { name, xrayName, http, annotations, sql, aws, service, metadata } = span;
  say(name);
  // X-Ray's name is the beginning of the name of a span that was sent to X-Ray.
  if (xrayName !== name && !name.startsWith(xrayName)) say(xrayName);
  say(span.user);
  say(span.resourceArn);
  if (http !== undefined) addHttp(http, span.httpStatus, say);
  if (annotations !== NOTHING) addAnnotations(annotations, say);
  for (const { type, message } of span.exceptions) {
    say(type);
    say(message);
  }
  for (const event of span.events) say(event.name);
  say(span.statusMessage);
  if (sql !== undefined) {
    say(sql['sanitized_query']);
    say(sql['url']);
  }
  if (aws !== NOTHING) {
    for (const value of Object.values(aws))
      for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) say(each);
    say(member(aws['ec2'], 'instance_id'));
  }
  if (service !== NOTHING) say(service['version']);
  if (metadata !== NOTHING) addMetadata(metadata, say);
}

function addAnnotations(annotations: Json, say: Say): void {
  for (const key of Object.keys(annotations)) {
    const value = annotations[key];
    // The writer sees no more of an exact number than its double.
    if (isAnnotationValue(value)) say(`${key}=${value instanceof ExactNumber ? value.double : value}`);
  }
}

function addHttp({ method, url, clientIp }: Http, status: number | undefined, say: Say): void {
  say(method);
  if (url !== undefined) {
    // Nearly all URLs have a scheme, so it is not selective.
    const address = withoutScheme(url);
    say(address);
    // The page shows URLs decoded.
    if (address.includes('%')) say(decoded(address));
  }
  say(clientIp);
  if (status !== undefined) say(`status=${status}`);
}

function addMetadata(metadata: Json, say: Say): void {
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
  const spaced = NOT_ASCII.test(text)
    ? text.toWellFormed().normalize('NFC').replaceAll(ALONE, ' $& ').replaceAll(/ {2,}/g, ' ')
    : text;
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

/**
 * The index terms of a word: the parts between separators occur whole in each matching text; the last part may begin a
 * longer word.
 */
function termsOf(word: string): TextTerm[] {
  const parts = word.split(SEPARATORS);
  return parts.flatMap((part, i) => (part === '' ? [] : [{ word: `"${part}"`, isBeginning: i === parts.length - 1 }]));
}
