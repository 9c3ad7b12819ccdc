import { isUtf8 } from 'node:buffer';
import { decodeEscapes, SHORT_ESCAPES, UNICODE_ESCAPE } from '../../json/escapes.ts';
import { BACKSLASH, jsonShapeProblem, QUOTE } from '../../json/json-shape.ts';
import { MAX_DOCUMENTS_PER_CALL } from './limits.ts';

/** Why a body of PutTraceSegments cannot be read. */
export type DocumentsProblem =
  | 'not_json'
  | 'not_utf8'
  | 'too_deep'
  | 'no_documents'
  | 'not_strings'
  | 'too_many'
  | 'too_much_else';

export interface DecodedDocuments {
  readonly documents: readonly Uint8Array[];
  /** Number of empty documents, which are left out. */
  readonly empty: number;
}

interface Span {
  /** Offset of the opening quote, and after the closing one. */
  readonly start: number;
  readonly end: number;
}

interface Found {
  readonly documents: readonly Span[];
  /** Number of empty documents. */
  readonly empty: number;
}

const MEMBER = 'TraceSegmentDocuments';
/** Maximum size of everything besides the documents; AWS's clients send nothing else. */
const MAX_OTHER_BYTES = 64 * 1024;
const OTHER_LIMITS = { maxDepth: 32, maxValues: 1_000 };
const MAX_EMPTY_LITERAL = 2;

/**
 * Decodes the documents in a body of PutTraceSegments, in the memory of the body: they are valid as long as it is, and
 * the body is no longer JSON.
 * A body with a problem is unchanged. Neither the body nor a document becomes a JavaScript string: 5 MB can hold 1.6
 * million empty documents, which would take 200 MB, and every copy of a document of megabytes counts within a memory
 * limit. Stops at the first document beyond `maxDocuments`.
 */
export function decodeDocuments(
  body: Buffer,
  maxDocuments = MAX_DOCUMENTS_PER_CALL,
): DecodedDocuments | DocumentsProblem {
  if (!isUtf8(body)) return 'not_utf8';
  try {
    const { documents, empty } = new BodyScanner(body, maxDocuments).scan();
    return {
      documents: documents.map(({ start, end }) => body.subarray(start + 1, decodeEscapes(body, start + 1, end - 1))),
      empty,
    };
  } catch (error) {
    if (error instanceof BodyError) return error.problem;
    throw error;
  }
}

class BodyError extends Error {
  readonly problem: DocumentsProblem;

  constructor(problem: DocumentsProblem) {
    super(problem);
    this.problem = problem;
  }
}

/**
 * Scans the object in a body. Members besides the documents are parsed as JSON if they are small, and refused
 * otherwise.
 */
class BodyScanner {
  readonly #body: Buffer;
  readonly #maxDocuments: number;
  #at = 0;

  constructor(body: Buffer, maxDocuments: number) {
    this.#body = body;
    this.#maxDocuments = maxDocuments;
  }

  /** Throws BodyError. */
  scan(): Found {
    let found: Found | undefined;
    const others: string[] = [];
    let otherBytes = 0;
    this.#skipSpace();
    if (this.#peek() !== '{') throw new BodyError(this.#problemOfRest());
    this.#at++;
    this.#skipSpace();
    if (this.#peek() === '}') this.#at++;
    else {
      do {
        this.#skipSpace();
        const key = this.#key();
        this.#skipSpace();
        this.#expect(':');
        this.#skipSpace();
        if (key === MEMBER) {
          // As with JSON.parse, the last of two equal members counts.
          found = this.#list();
          otherBytes += 64;
        } else {
          const text = this.#other();
          otherBytes += key.length + text.length + 8;
          others.push(text);
        }
        if (otherBytes > MAX_OTHER_BYTES) throw new BodyError('too_much_else');
        this.#skipSpace();
      } while (this.#take(','));
      this.#expect('}');
    }
    this.#skipSpace();
    if (this.#at < this.#body.length || !others.every(isJson)) throw new BodyError('not_json');
    return found ?? { documents: [], empty: 0 };
  }

  /** The problem of a body that is a list, a text or nothing: only an object is a request. */
  #problemOfRest(): DocumentsProblem {
    const { maxDepth } = OTHER_LIMITS;
    if (jsonShapeProblem(this.#body, { maxDepth, maxValues: Infinity }) === 'too_deep') return 'too_deep';
    return this.#body.length - this.#at <= MAX_OTHER_BYTES && isJson(this.#body.toString('utf8', this.#at))
      ? 'no_documents'
      : 'not_json';
  }

  #key(): string {
    const span = this.#string();
    if (span.end - span.start > MAX_OTHER_BYTES) throw new BodyError('too_much_else');
    // `#string` has checked it.
    return String(JSON.parse(this.#body.toString('utf8', span.start, span.end)));
  }

  #list(): Found {
    if (this.#peek() !== '[') {
      const text = this.#other();
      if (!isJson(text)) throw new BodyError('not_json');
      if (text === 'null') return { documents: [], empty: 0 };
      throw new BodyError('not_strings');
    }
    this.#at++;
    const documents: Span[] = [];
    let empty = 0;
    this.#skipSpace();
    if (this.#take(']')) return { documents, empty };
    do {
      this.#skipSpace();
      if (this.#peek() !== '"') this.#refuseElement();
      const span = this.#string();
      if (span.end - span.start === MAX_EMPTY_LITERAL) empty++;
      else documents.push(span);
      if (documents.length + empty > this.#maxDocuments) throw new BodyError('too_many');
      this.#skipSpace();
    } while (this.#take(','));
    this.#expect(']');
    return { documents, empty };
  }

  #refuseElement(): never {
    throw new BodyError(isJson(this.#other()) ? 'not_strings' : 'not_json');
  }

  /** The text of a value that is not a document, up to the next comma or bracket. */
  #other(): string {
    const start = this.#at;
    let depth = 0;
    while (this.#at < this.#body.length) {
      if (this.#at - start > MAX_OTHER_BYTES) throw new BodyError('too_much_else');
      const character = this.#peek()!;
      if (character === '"') {
        this.#string();
        continue;
      }
      if (character === '[' || character === '{') depth++;
      if (depth > OTHER_LIMITS.maxDepth) throw new BodyError('too_deep');
      if (depth === 0 && (character === ',' || character === ']' || character === '}')) break;
      if (character === ']' || character === '}') depth--;
      this.#at++;
    }
    const bytes = this.#body.subarray(start, this.#at);
    if (bytes.length > MAX_OTHER_BYTES || jsonShapeProblem(bytes, OTHER_LIMITS) !== undefined)
      throw new BodyError('too_much_else');
    return bytes.toString('utf8').trimEnd();
  }

  /** A JSON string, checked byte by byte. */
  #string(): Span {
    const start = this.#at;
    const body = this.#body;
    this.#expect('"');
    for (let i = start + 1; i < body.length; i++) {
      const byte = body[i]!;
      if (byte === QUOTE) {
        this.#at = i + 1;
        return { start, end: this.#at };
      }
      if (byte < 0x20) break;
      if (byte === BACKSLASH) {
        const length = escapeLength(body, i + 1);
        if (length === 0) break;
        i += length;
      }
    }
    throw new BodyError('not_json');
  }

  #peek(): string | undefined {
    return this.#at < this.#body.length ? String.fromCharCode(this.#body[this.#at]!) : undefined;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new BodyError('not_json');
  }

  #skipSpace(): void {
    const body = this.#body;
    while (body[this.#at] === 0x20 || body[this.#at] === 0x0a || body[this.#at] === 0x0d || body[this.#at] === 0x09)
      this.#at++;
  }
}

/** Length of a valid escape after its backslash; 0 if it is invalid. */
function escapeLength(body: Buffer, at: number): number {
  const byte = body[at];
  if (byte === undefined) return 0;
  if (SHORT_ESCAPES.has(byte)) return 1;
  if (byte !== UNICODE_ESCAPE) return 0;
  for (let i = at + 1; i < at + 5; i++) if (!isHex(body[i])) return 0;
  return 5;
}

function isHex(byte = 0): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
