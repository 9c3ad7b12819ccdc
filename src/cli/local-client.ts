import type { XRayClient } from '@aws-sdk/client-xray';
import type { LoadedConfig } from '../config/load.ts';
import { jsonIn } from '../aws/answer-json.ts';
import { directCall, reasonIn, type DirectAnswer } from '../aws/direct-call.ts';
import { formatAddress, reachable } from '../pipeline/address.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { oneLine } from '../pipeline/one-line.ts';
import { embeddedIn } from '../formats/xray/embedded.ts';
import { member } from '../json/json.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_BODY_BYTES } from '../api/bodies.ts';
import { ANSWER_BOUNDS, RemoteTraces, type ReturnedTrace, type TraceQuery } from './remote-traces.ts';

/** The result of an import. */
export interface Imported {
  readonly traces: number;
  /** Those without a document of their own, of which nothing is stored. */
  readonly empty: number;
  readonly stored: number;
  readonly refused: number;
  /** The first refusals. */
  readonly refusals: readonly Refusal[];
}

/** What became of lines of access logs. */
export interface AccessLogCounts {
  attached: number;
  /** Attached before. */
  known: number;
  /** Their traces are not stored. */
  missing: number;
  /** Their traces have as many lines as a trace can have. */
  beyond: number;
}

interface Refusal {
  readonly Id: string | null;
  readonly ErrorCode: string;
  readonly Message: string;
}

/** A document to be sent, with the ID of its trace. */
interface Outgoing {
  readonly traceId: string;
  readonly text: string;
  /** Size as sent, with escaped quotes. */
  readonly bytes: number;
}

/** At most as many documents as one PutTraceSegments call, and fewer bytes than the maximum body of the local X-Ray. */
const DOCUMENTS_A_CALL = 50;
const BYTES_A_CALL = 2_000_000;
/**
 * The local X-Ray's maximum body, for one document and its envelope. Under a small memory limit it accepts less, and
 * says so.
 */
const MAX_DOCUMENT_BYTES = MAX_BODY_BYTES - 1_024;
const MAX_REFUSALS = 10;
/** The error type of a body that is too large. */
const TOO_LARGE = 'RequestEntityTooLargeException';
/** Retries while the local X-Ray is reading as many bodies as its memory allows. */
const BUSY_TRIES = 30;
const BUSY_MS = 1_000;
const ROWS_A_CALL = 1_000;
/** Maximum length of an error text from a server. */
const MAX_REASON = 500;
/** Longer than the store's own limit of a minute. */
const CALL_MS = 70_000;

/** Client of a running local X-Ray, for the other commands. */
export class LocalXRayClient {
  readonly #url: string;
  readonly #token: string;

  constructor({ url, token }: { url: string; token: string }) {
    this.#url = url;
    this.#token = token;
  }

  static of({ config }: LoadedConfig<'export' | 'import' | 'pull'>): LocalXRayClient {
    return new LocalXRayClient({ url: `http://${formatAddress(reachable(config.api))}`, token: config.token });
  }

  async source(): Promise<RemoteTraces> {
    await this.#reach();
    const [{ XRayClient }, { BoundedHandler }] = await Promise.all([
      import('@aws-sdk/client-xray'),
      import('../aws/answer-bounds.ts'),
    ]);
    // The local X-Ray accepts its token as the access key ID, or any key if it has no token.
    const credentials = { accessKeyId: this.#token === '' ? 'xrayd' : this.#token, secretAccessKey: 'xrayd' };
    const client: XRayClient = new XRayClient({
      endpoint: this.#url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 3,
      requestHandler: new BoundedHandler(
        { connectionTimeout: 5_000, requestTimeout: CALL_MS, throwOnRequestTimeout: true, socketTimeout: CALL_MS },
        ANSWER_BOUNDS,
      ),
    });
    return new RemoteTraces(client, { isLocal: true, idsByText: (query) => this.#idsByText(query) });
  }

  /**
   * Stores the documents of traces, without segments that X-Ray inferred: the local X-Ray infers them itself. A
   * document that is larger than the local X-Ray accepts counts as refused, like one that it does not understand, and
   * the others are stored.
   */
  async import(traces: AsyncIterable<ReturnedTrace> | Iterable<ReturnedTrace>): Promise<Imported> {
    const total = { stored: 0, refused: 0, refusals: [] as Refusal[] };
    const ids = new Set<string>();
    const stocked = new Set<string>();
    let waiting: Outgoing[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      await this.#store(waiting, total);
      waiting = [];
      bytes = 0;
    };
    for await (const { Id, Segments } of traces) {
      ids.add(Id);
      for (const text of ownDocuments(Segments.map(({ Document }) => Document))) {
        stocked.add(Id);
        const document = { traceId: Id, text, bytes: sentBytes(text) };
        if (document.bytes > MAX_DOCUMENT_BYTES) {
          refuse(total, [tooLarge(document, `takes ${MAX_DOCUMENT_BYTES}`)]);
          continue;
        }
        if (waiting.length === DOCUMENTS_A_CALL || bytes + document.bytes > BYTES_A_CALL) await flush();
        waiting.push(document);
        bytes += document.bytes;
      }
    }
    await flush();
    return { traces: ids.size, empty: ids.size - stocked.size, ...total };
  }

  /** Attaches lines of access logs to the stored traces that they name. */
  async attachLines(lines: readonly string[]): Promise<AccessLogCounts> {
    const path = '/api/access-log';
    const json = this.#jsonOf(await this.#post(path, { Lines: lines }), path);
    const countIn = (name: string): number => {
      const count = member(json, name);
      if (typeof count !== 'number') throw this.#notLocal(path);
      return count;
    };
    return {
      attached: countIn('Attached'),
      known: countIn('Known'),
      missing: countIn('Missing'),
      beyond: countIn('Beyond'),
    };
  }

  async #store(documents: readonly Outgoing[], total: Total): Promise<void> {
    if (documents.length === 0) return;
    const path = '/api/import';
    const answer = await this.#post(path, { TraceSegmentDocuments: documents.map(({ text }) => text) });
    if (answer.status === 413) {
      const half = documents.length >> 1;
      if (half === 0) {
        const problem = `says: ${oneLine(reasonIn(answer), MAX_REASON)}`;
        return refuse(
          total,
          documents.map((document) => tooLarge(document, problem)),
        );
      }
      await this.#store(documents.slice(0, half), total);
      return this.#store(documents.slice(half), total);
    }
    const json = this.#jsonOf(answer, path);
    const [stored, list] = [member(json, 'Stored'), member(json, 'Refused')];
    if (typeof stored !== 'number' || !Array.isArray(list) || stored + list.length !== documents.length || stored < 0)
      throw this.#notLocal(path);
    total.stored += stored;
    refuse(total, list.map(refusalIn));
  }

  async *#idsByText({ filter, text, sinceMs }: TraceQuery): AsyncGenerator<string> {
    const query = new URLSearchParams({ filter, text, limit: String(ROWS_A_CALL) });
    if (sinceMs !== Infinity) query.set('from', String(Math.max(0, wallClockMs() - sinceMs) / 1000));
    for (let next: unknown = ''; typeof next === 'string';) {
      query.set('after', next);
      const page = await this.#call(`/api/traces?${query.toString()}`, { method: 'GET' });
      const rows = member(page, 'rows');
      next = member(page, 'next');
      if (!Array.isArray(rows) || next === undefined) throw this.#notLocal('/api/traces');
      for (const row of rows) yield String(member(row, 'id'));
      if (rows.length === 0 && next !== null) throw this.#notLocal('/api/traces');
    }
  }

  async #reach(): Promise<void> {
    await this.#call('/api/store', { method: 'GET' });
  }

  /** Waits while the local X-Ray is reading too many bodies. */
  async #post(path: string, body: object): Promise<DirectAnswer> {
    const text = JSON.stringify(body);
    for (let tries = 1; ; tries++) {
      const answer = await this.#ask(path, { method: 'POST', body: text });
      if (answer.status !== 429 || tries === BUSY_TRIES) return answer;
      await sleep(BUSY_MS);
    }
  }

  async #call(path: string, init: { method: string }): Promise<unknown> {
    return this.#jsonOf(await this.#ask(path, init), path);
  }

  async #ask(path: string, init: { method: string; body?: string }): Promise<DirectAnswer> {
    const headers = this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` };
    try {
      return await directCall(this.#url + path, {
        ...init,
        headers,
        timeoutMs: CALL_MS,
        maxAnswerBytes: ANSWER_BOUNDS.maxBytes,
      });
    } catch (error) {
      const reason = messageOf(error);
      throw new XraydError(
        'XRAYD_TRANSFER',
        `no local X-Ray answers at ${this.#url}: ${reason}. Start one with \`xrayd local\`, or name it with --api`,
        {
          cause: error,
        },
      );
    }
  }

  #jsonOf(answer: DirectAnswer, path: string): unknown {
    if (answer.status !== 200)
      throw new XraydError(
        'XRAYD_TRANSFER',
        `${this.#url}${path.split('?', 1)[0]}: HTTP ${answer.status}: ${oneLine(reasonIn(answer), MAX_REASON)}`,
      );
    const json = jsonIn(Buffer.from(answer.text), ANSWER_BOUNDS.json);
    if (json === undefined) throw this.#notLocal(path);
    return json;
  }

  #notLocal(path: string): XraydError {
    return new XraydError(
      'XRAYD_TRANSFER',
      `the server at ${this.#url}${path} is not a local X-Ray. Start one with \`xrayd local\`, or name it with --api`,
    );
  }
}

type Total = { stored: number; refused: number; readonly refusals: Refusal[] };

function refuse(total: Total, refusals: readonly Refusal[]): void {
  total.refused += refusals.length;
  total.refusals.push(...refusals.slice(0, MAX_REFUSALS - total.refusals.length));
}

/** Makes the texts safe for a terminal: they come from the file, or from an unknown server. */
function refusalOf(id: unknown, code: unknown, message: unknown): Refusal {
  const text = (value: unknown): string => (typeof value === 'string' ? oneLine(value, MAX_REASON) : '');
  return { Id: typeof id === 'string' ? text(id) : null, ErrorCode: text(code), Message: text(message) };
}

function refusalIn(entry: unknown): Refusal {
  return refusalOf(member(entry, 'Id'), member(entry, 'ErrorCode'), member(entry, 'Message'));
}

function tooLarge({ traceId, text, bytes }: Outgoing, words: string): Refusal {
  const id = text.length <= MAX_DOCUMENT_BYTES ? member(parsed(text), 'id') : undefined;
  return refusalOf(
    id,
    TOO_LARGE,
    `A document of trace ${traceId} has ${bytes} bytes as sent; the local X-Ray ${words}`,
  );
}

/** The size as a JSON string; an estimate if it is far too large. */
function sentBytes(text: string): number {
  return text.length > MAX_DOCUMENT_BYTES ? text.length : Buffer.byteLength(JSON.stringify(text)) + 1;
}

/**
 * The documents without those that X-Ray added: inferred segments of calls in the trace. Other segments marked as
 * inferred stay. What is not a document stays too: the local X-Ray explains what is wrong with it.
 */
function ownDocuments(documents: readonly string[]): string[] {
  const read = documents.map(parsed);
  const calls = new Set<unknown>();
  for (const json of read) for (const id of callsIn(json)) calls.add(id);
  return documents.filter((_, i) => member(read[i], 'inferred') !== true || !calls.has(member(read[i], 'parent_id')));
}

/** IDs of calls to other services, at any depth. */
function* callsIn(json: unknown): Generator<unknown> {
  const open = [json];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const namespace = member(next, 'namespace');
    if (namespace === 'aws' || namespace === 'remote') yield member(next, 'id');
    for (const child of embeddedIn(next)) open.push(child);
  }
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}
