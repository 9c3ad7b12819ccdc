import type { IncomingHttpHeaders } from 'node:http';
import { AnswerBytes } from './answer-bytes.ts';
import type { ResponseBudget } from './response-budget.ts';

/** Of the status line and headers together, as in Node; of all informational responses before the final one, too. */
const MAX_HEAD_BYTES = 16 * 1024;
/** A chunk's size with its extensions. */
const MAX_CHUNK_LINE_BYTES = 1024;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const VERSION = Buffer.from('HTTP/1.');
/** Fields without folding. Source: RFC 9110, 5.5 and 5.6.2. */
const FIELDS = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/** Fields of which Node keeps the first. Source: nodejs.org/api/http.html, message.headers. */
const FIRST_COUNTS = new Set([
  'age',
  'content-type',
  'etag',
  'expires',
  'from',
  'last-modified',
  'location',
  'retry-after',
  'server',
]);

/**
 * `too_large`: the body exceeds its limit; `body` is what fitted. `invalid`: not HTTP/1.1 as RFC 9112 defines it, or
 * ambiguous; `problem` says why. `cut`: the connection ended in the middle.
 */
export type AnswerState = 'reading' | 'complete' | 'too_large' | 'invalid' | 'cut';

export interface AnswerLimits {
  readonly maxBytes: number;
  /** Shared with other answers. */
  readonly budget?: ResponseBudget | undefined;
  /** A response to CONNECT ends with its head if it is a success. */
  readonly isTunnel?: boolean;
  /** A response to HEAD has no body. */
  readonly isHead?: boolean;
}

/**
 * Reads one HTTP/1.1 response from the bytes of a connection. Strict: whatever two programs may read differently (a
 * repeated Content-Length, one beside Transfer-Encoding, a bare line feed, a folded field) is invalid, because the next
 * answer on the connection would be read from the wrong byte.
 */
export class AnswerReader {
  readonly #limits: AnswerLimits;
  #state: AnswerState = 'reading';
  #phase: 'head' | 'sized' | 'until_close' | 'chunk_size' | 'chunk' | 'chunk_end' | 'trailer' = 'head';
  #pending: Buffer = EMPTY;
  #headBytes = 0;
  #left = 0;
  #keepsOpen = false;
  readonly #body = new AnswerBytes();
  status = 0;
  /** The text beside the status. */
  reason = '';
  headers: IncomingHttpHeaders = {};
  problem = '';

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  get state(): AnswerState {
    return this.#state;
  }

  /** Whether the final response has begun. */
  get hasHead(): boolean {
    return this.#phase !== 'head' || this.#state === 'complete';
  }

  /** What has arrived. */
  get body(): Buffer {
    return this.#body.bytes;
  }

  /** Whether the connection can carry another request after this response. */
  get keepsOpen(): boolean {
    return this.#keepsOpen && this.#state === 'complete';
  }

  /** `chunk` may be used again after the call. */
  feed(chunk: Buffer): AnswerState {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = EMPTY;
    while (this.#state === 'reading') {
      const used = this.#step(bytes);
      if (used < 0) break;
      bytes = bytes.subarray(used);
    }
    // Nothing was asked that these bytes could answer, so perhaps the length was wrong.
    if (this.#state === 'complete' && bytes.length > 0) this.#refuse('bytes follow it');
    return this.#state;
  }

  /** The connection has ended. */
  end(): AnswerState {
    if (this.#state === 'reading') this.#state = this.#phase === 'until_close' ? 'complete' : 'cut';
    return this.#state;
  }

  /** Returns the body's bytes to the budget. Call it once, when the body is no longer referenced or soon will not be. */
  release(): void {
    this.#limits.budget?.giveBack(this.#body.length);
  }

  /** The number of bytes read, or -1 if more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(bytes);
      case 'sized':
        return this.#readSized(bytes);
      case 'until_close':
        return bytes.length === 0 ? -1 : this.#take(bytes, bytes.length);
      case 'chunk_size':
        return this.#readChunkSize(bytes);
      case 'chunk':
        return this.#readChunk(bytes);
      case 'chunk_end':
        return this.#readChunkEnd(bytes);
      case 'trailer':
        return this.#readTrailer(bytes);
    }
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(END_OF_HEAD);
    const length = end < 0 ? bytes.length : end + END_OF_HEAD.length;
    if (this.#headBytes + length > MAX_HEAD_BYTES) return this.#refuse('its head is larger than 16 KB');
    // Another protocol may never send what would end a head.
    const begun = Math.min(bytes.length, VERSION.length);
    if (bytes.compare(VERSION, 0, begun, 0, begun) !== 0) return this.#refuse('it does not begin with HTTP/1');
    if (end < 0) return this.#waitFor(bytes);
    this.#headBytes += length;
    const head = bytes.toString('latin1', 0, end + 2);
    const endOfLine = head.indexOf('\r\n');
    const line = STATUS_LINE.exec(head.slice(0, endOfLine));
    if (line === null) return this.#refuse('it does not begin with an HTTP/1.1 status line');
    const fields = head.slice(endOfLine + 2);
    if (!FIELDS.test(fields)) return this.#refuse('a header field is malformed');
    this.status = Number(line[2]);
    this.reason = line[3] ?? '';
    this.headers = headersIn(fields);
    // 100 and 103 announce the final response, which follows. A switch of protocols is never asked for.
    if (this.status < 200 && this.status !== 101) {
      const { 'content-length': size, 'transfer-encoding': coding } = this.headers;
      return size === undefined && coding === undefined ? length : this.#refuse('an informational answer has a body');
    }
    this.#frame(line[1] === '1');
    return length;
  }

  /** Finds out where the body ends. Source: RFC 9112, 6.3. */
  #frame(isHttp11: boolean): void {
    const { status, headers } = this;
    const coding = headers['transfer-encoding'];
    const size = headers['content-length'];
    const { isTunnel = false, isHead = false, maxBytes } = this.#limits;
    if (status === 101 || (isTunnel && status < 300)) return this.#complete();
    const connection = ` ${headers.connection ?? ''},`.toLowerCase();
    this.#keepsOpen = isHttp11 && !/[ ,\t]close[ ,\t]/.test(connection);
    if (coding !== undefined && (size !== undefined || !isHttp11 || coding.toLowerCase() !== 'chunked'))
      return void this.#refuse(`Transfer-Encoding: ${coding} where only chunked can be read`);
    // A repeated field is joined by a comma.
    if (size !== undefined && !/^\d{1,15}$/.test(size)) return void this.#refuse('Content-Length is not one number');
    if (isHead || status === 204 || status === 304) return this.#complete();
    if (coding !== undefined) this.#phase = 'chunk_size';
    else if (size === undefined) {
      this.#keepsOpen = false;
      this.#phase = 'until_close';
    } else {
      this.#left = Number(size);
      this.#phase = 'sized';
      if (status < 300 && this.#left > maxBytes) this.#state = 'too_large';
      else if (this.#left === 0) this.#complete();
    }
  }

  #readSized(bytes: Buffer): number {
    if (bytes.length === 0) return -1;
    const length = Math.min(bytes.length, this.#left);
    this.#left -= length;
    this.#take(bytes, length);
    if (this.#left === 0) this.#complete();
    return length;
  }

  #readChunkSize(bytes: Buffer): number {
    const end = this.#lineEnd(bytes, MAX_CHUNK_LINE_BYTES);
    if (end < 0) return end;
    const match = /^([\da-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(bytes.toString('latin1', 0, end));
    if (match === null) return this.#refuse('the size of a chunk is malformed');
    this.#left = Number.parseInt(match[1] ?? '', 16);
    this.#phase = this.#left === 0 ? 'trailer' : 'chunk';
    return end + 2;
  }

  #readChunk(bytes: Buffer): number {
    if (bytes.length === 0) return -1;
    const length = Math.min(bytes.length, this.#left);
    this.#left -= length;
    if (this.#left === 0) this.#phase = 'chunk_end';
    return this.#take(bytes, length);
  }

  #readChunkEnd(bytes: Buffer): number {
    if (bytes.length < 2) return this.#waitFor(bytes);
    if (bytes[0] !== 13 || bytes[1] !== 10) return this.#refuse('a chunk is longer than its size');
    this.#phase = 'chunk_size';
    return 2;
  }

  /** Its fields mean nothing here. */
  #readTrailer(bytes: Buffer): number {
    const end = this.#lineEnd(bytes, MAX_HEAD_BYTES - this.#headBytes);
    if (end < 0) return end;
    this.#headBytes += end + 2;
    if (end === 0) this.#complete();
    else if (!FIELDS.test(bytes.toString('latin1', 0, end + 2))) return this.#refuse('a trailer field is malformed');
    return end + 2;
  }

  /** Position of the next CR LF, or -1: more is needed, or the line is longer than `maxBytes`. */
  #lineEnd(bytes: Buffer, maxBytes: number): number {
    const end = bytes.indexOf('\r\n');
    if (end > maxBytes || (end < 0 && bytes.length > maxBytes)) return this.#refuse('a line is too long');
    return end < 0 ? this.#waitFor(bytes) : end;
  }

  #take(bytes: Buffer, length: number): number {
    const { maxBytes, budget } = this.#limits;
    if (this.#body.length + length > maxBytes || budget?.take(length) === false) this.#state = 'too_large';
    else this.#body.add(bytes.subarray(0, length));
    return length;
  }

  #complete(): void {
    if (this.#state === 'reading') this.#state = 'complete';
  }

  #waitFor(bytes: Buffer): -1 {
    this.#pending = Buffer.from(bytes);
    return -1;
  }

  #refuse(problem: string): -1 {
    this.#state = 'invalid';
    this.problem = problem;
    return -1;
  }
}

/** As Node reads them: names in lower case, of some fields the first value, of others all, joined. */
function headersIn(fields: string): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (const line of fields.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) break;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    // A name that objects inherit would otherwise be mistaken for a repeated field.
    const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (name === '__proto__') continue;
    if (name === 'set-cookie') headers[name] = Array.isArray(earlier) ? [...earlier, value] : [value];
    else if (earlier === undefined) headers[name] = value;
    else if (!FIRST_COUNTS.has(name)) headers[name] = `${String(earlier)}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}
