import type { XRayClient } from '@aws-sdk/client-xray';
import type { LoadedConfig } from '../config/load.ts';
import { directCall, reasonIn, type DirectAnswer } from '../aws/direct-call.ts';
import { formatAddress } from '../pipeline/address.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { arrayOf, isObject, member } from '../xray/trace/json.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import { TraceSource, type TraceDocuments, type TraceQuery } from './trace-source.ts';

/** What the local X-Ray made of an import. */
export interface Imported {
  readonly stored: number;
  readonly refused: readonly { readonly Id: string | null; readonly ErrorCode: string; readonly Message: string }[];
}

/** As many documents as a call of PutTraceSegments has, and less than the local X-Ray takes in one body. */
const DOCUMENTS_A_CALL = 50;
const BYTES_A_CALL = 2_000_000;
const ROWS_A_CALL = 1_000;
/** The store's own limit is a minute. */
const CALL_MS = 70_000;

/** A local X-Ray that runs elsewhere, as the other commands see it. */
export class LocalClient {
  readonly #url: string;
  readonly #token: string;

  constructor({ url, token }: { url: string; token: string }) {
    this.#url = url;
    this.#token = token;
  }

  static of({ config }: LoadedConfig<'export' | 'import' | 'pull'>): LocalClient {
    return new LocalClient({ url: `http://${formatAddress(config.api)}`, token: config.token });
  }

  async source(): Promise<TraceSource> {
    await this.#reach();
    const { XRayClient } = await import('@aws-sdk/client-xray');
    // The local X-Ray takes its token as an access key id, and any other when it has none.
    const credentials = { accessKeyId: this.#token === '' ? 'xrayd' : this.#token, secretAccessKey: 'xrayd' };
    const client: XRayClient = new XRayClient({
      endpoint: this.#url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: CALL_MS, throwOnRequestTimeout: true, socketTimeout: CALL_MS },
    });
    return new TraceSource(client, { isLocal: true, idsByText: (query) => this.#idsByText(query) });
  }

  /** Stores the documents of traces. Segments that X-Ray inferred are left out: the local X-Ray infers them itself. */
  async import(traces: AsyncIterable<TraceDocuments> | Iterable<TraceDocuments>): Promise<Imported & { traces: number }> {
    let count = 0;
    let stored = 0;
    const refused: Imported['refused'][number][] = [];
    let documents: string[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (documents.length === 0) return;
      const answer = await this.#post('/api/import', { TraceSegmentDocuments: documents });
      const [here, list] = [member(answer, 'Stored'), member(answer, 'Refused')];
      if (typeof here !== 'number' || !Array.isArray(list)) throw this.#notLocal('/api/import');
      stored += here;
      refused.push(...(list as Imported['refused']));
      documents = [];
      bytes = 0;
    };
    for await (const { Segments } of traces) {
      count++;
      for (const document of ownDocuments(Segments.map(({ Document }) => Document))) {
        if (documents.length === DOCUMENTS_A_CALL || bytes + document.length > BYTES_A_CALL) await flush();
        documents.push(document);
        bytes += document.length;
      }
    }
    await flush();
    return { traces: count, stored, refused };
  }

  async *#idsByText({ filter, text, sinceMinutes }: TraceQuery): AsyncGenerator<string> {
    const query = new URLSearchParams({ filter, text, limit: String(ROWS_A_CALL) });
    if (sinceMinutes !== Infinity) query.set('from', String(Math.max(0, wallClockMs() / 1000 - sinceMinutes * 60)));
    for (let next: unknown = ''; typeof next === 'string';) {
      query.set('after', next);
      const page = await this.#call(`/api/traces?${query.toString()}`, { method: 'GET' });
      const rows = member(page, 'rows');
      next = member(page, 'next');
      if (!Array.isArray(rows) || next === undefined) throw this.#notLocal('/api/traces');
      for (const row of rows) yield String(member(row, 'id'));
    }
  }

  async #reach(): Promise<void> {
    await this.#call('/api/store', { method: 'GET' });
  }

  async #post(path: string, body: object): Promise<unknown> {
    return this.#call(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #call(path: string, init: { method: string; body?: string }): Promise<unknown> {
    const headers = this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` };
    let answer: DirectAnswer;
    try {
      answer = await directCall(this.#url + path, { ...init, headers, timeoutMs: CALL_MS });
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
    if (answer.status !== 200)
      throw new XraydError('XRAYD_TRANSFER', `${this.#url}${path.split('?', 1)[0]}: HTTP ${answer.status}: ${reasonIn(answer)}`);
    try {
      return JSON.parse(answer.text);
    } catch {
      throw this.#notLocal(path);
    }
  }

  #notLocal(path: string): XraydError {
    return new XraydError(
      'XRAYD_TRANSFER',
      `what answers at ${this.#url}${path} is not a local X-Ray. Start one with \`xrayd local\`, or name it with --api`,
    );
  }
}

/**
 * The documents without those that X-Ray added: inferred segments of calls that are in the trace, whatever else says that it is inferred. What is no
 * document stays: the local X-Ray says what is wrong with it.
 */
function ownDocuments(documents: readonly string[]): string[] {
  const read = documents.map(parsed);
  const calls = new Set<unknown>();
  for (const json of read) for (const id of callsIn(json)) calls.add(id);
  return documents.filter((_, i) => member(read[i], 'inferred') !== true || !calls.has(member(read[i], 'parent_id')));
}

/** Ids of calls of other services, at any depth. */
function* callsIn(json: unknown): Generator<unknown> {
  const open = [json];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const namespace = member(next, 'namespace');
    if (namespace === 'aws' || namespace === 'remote') yield member(next, 'id');
    for (const child of arrayOf(member(next, 'subsegments'))) if (isObject(child)) open.push(child);
  }
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}
