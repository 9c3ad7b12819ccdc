import type { XRayClient } from '@aws-sdk/client-xray';
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { dateOf, wallClockMs } from '../pipeline/clock.ts';
import { XraydError, messageOf } from '../pipeline/errors.ts';
import { oneLine } from '../pipeline/one-line.ts';
import { arrayOf, member, numberOf, textOf } from '../json/json.ts';

/** A trace in the format of BatchGetTraces. */
export interface ReturnedTrace {
  readonly Id: string;
  readonly Duration?: number;
  readonly LimitExceeded?: boolean;
  readonly Segments: readonly { readonly Id: string; readonly Document: string }[];
}

export interface TraceQuery {
  /** Only these traces; if empty, those that match. */
  readonly ids: readonly string[];
  /** A filter expression; "" for all. */
  readonly filter: string;
  /** Words, which only the local X-Ray supports; "" for all. */
  readonly text: string;
  /** Infinity for all. */
  readonly sinceMs: number;
}

/** Returns the IDs of the traces that match a query with words. */
type IdsByText = (query: TraceQuery) => AsyncIterable<string>;

/** X-Ray returns at most this many traces per call. */
const IDS_A_CALL = 5;
/** The range ends in the future, because clocks differ and recent traces are wanted too. */
const AHEAD_MS = 60_000;
/** JavaScript's last date: includes traces whose times are in milliseconds instead of seconds. */
const LAST_MS = 8.64e15;
const RETRY_MS = 250;
const MAX_TRIES = 5;
/** Limits of one answer of X-Ray: far more than five traces need, and enough time for a slow connection. */
export const ANSWER_BOUNDS = {
  maxBytes: 64 * 1024 * 1024,
  timeoutMs: 120_000,
  // A document is a string, so a segment is a few values.
  json: { maxDepth: 64, maxValues: 2_000_000 },
};
/** Limit of consecutive pages without anything new. X-Ray returns some during a long scan. */
const MAX_IDLE_PAGES = 1_000;
/** Limit of the traces that X-Ray lists: more would take hours to read. The local X-Ray stores what it lists. */
const MAX_LISTED = 1_000_000;
/** Maximum lengths of an ID and of an error text. */
const MAX_ID = 100;
const MAX_REASON = 500;
/** Maximum length of a header. */
const MAX_HEADER = 60;
const PROXY_HINT = 'A proxy? Check the endpoint and the proxy settings';

export interface RemoteTracesOptions {
  /** The local X-Ray, whose traces may also have times in the future. */
  readonly isLocal?: boolean;
  /** Searches for words, which X-Ray's API cannot do. */
  readonly idsByText?: IdsByText;
  /** A million by default. */
  readonly maxListed?: number;
  /** Limit of consecutive pages without anything new; 1,000 by default. */
  readonly maxIdlePages?: number;
}

/** Reads traces from an X-Ray, AWS's or the local one, through AWS's own client. */
export class RemoteTraces {
  readonly #client: XRayClient;
  readonly #isLocal: boolean;
  readonly #idsByText: IdsByText | undefined;
  readonly #maxListed: number;
  readonly #maxIdlePages: number;
  #notGiven = 0;

  constructor(
    client: XRayClient,
    { isLocal = false, idsByText, maxListed = MAX_LISTED, maxIdlePages = MAX_IDLE_PAGES }: RemoteTracesOptions = {},
  ) {
    this.#client = client;
    this.#isLocal = isLocal;
    this.#idsByText = idsByText;
    this.#maxListed = maxListed;
    this.#maxIdlePages = maxIdlePages;
  }

  /** Number of traces of the last query that X-Ray listed, or that were named, but that it did not return. */
  get notGiven(): number {
    return this.#notGiven;
  }

  /** Newest first, as they arrive. Throws XRAYD_TRANSFER with X-Ray's error. */
  async *traces(query: TraceQuery): AsyncGenerator<ReturnedTrace> {
    this.#notGiven = 0;
    try {
      let ids: string[] = [];
      for await (const id of this.#idsOf(query)) {
        ids.push(id);
        if (ids.length < IDS_A_CALL) continue;
        yield* this.#documentsOf(ids);
        ids = [];
      }
      yield* this.#documentsOf(ids);
    } catch (error) {
      if (error instanceof XraydError) throw error;
      const foreign = foreignAnswer(error);
      if (foreign !== undefined) throw notXRay(`${foreign}. ${PROXY_HINT}`);
      throw new XraydError('XRAYD_TRANSFER', `X-Ray did not return its traces: ${reasonOf(error)}`, { cause: error });
    }
  }

  async *#idsOf(query: TraceQuery): AsyncGenerator<string> {
    const { ids, filter, text, sinceMs } = query;
    if (ids.length > 0) {
      yield* ids;
      return;
    }
    if (text !== '' && this.#idsByText !== undefined) {
      yield* this.#idsByText(query);
      return;
    }
    const { GetTraceSummariesCommand } = await import('@aws-sdk/client-xray');
    const nowMs = wallClockMs();
    const input = {
      StartTime: dateOf(Math.max(0, nowMs - sinceMs)),
      EndTime: dateOf(this.#isLocal ? LAST_MS : nowMs + AHEAD_MS),
      ...(filter === '' ? {} : { FilterExpression: filter }),
    };
    const pages = this.#pagesOf((NextToken) =>
      this.#client.send(new GetTraceSummariesCommand({ ...input, ...NextToken })),
    );
    const seen = new Set<string>();
    for await (const { page, idle } of pages) {
      const before = seen.size;
      for (const summary of listOf(page.TraceSummaries, 'TraceSummaries')) {
        const Id = idOf(summary);
        if (seen.has(Id)) continue;
        seen.add(Id);
        if (!this.#isLocal && seen.size > this.#maxListed)
          throw new XraydError(
            'XRAYD_TRANSFER',
            `X-Ray lists more than ${this.#maxListed} traces: choose some with --since or --filter`,
          );
        yield Id;
      }
      idle.note(seen.size > before);
    }
  }

  /** X-Ray may leave some traces for another page, and others for another call. */
  async *#documentsOf(ids: readonly string[]): AsyncGenerator<ReturnedTrace> {
    const { BatchGetTracesCommand } = await import('@aws-sdk/client-xray');
    let left = [...ids];
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === MAX_TRIES)
        throw new XraydError('XRAYD_TRANSFER', `X-Ray did not return ${left.join(', ')}. Try again later`);
      if (tries > 0) await sleep(RETRY_MS * 2 ** tries);
      const TraceIds = left;
      const unprocessed = new Set<string>();
      const found = new Set<string>();
      for await (const { page, idle } of this.#pagesOf((NextToken) =>
        this.#client.send(new BatchGetTracesCommand({ TraceIds, ...NextToken })),
      )) {
        const before = found.size;
        for (const trace of listOf(page.Traces, 'Traces')) {
          const documents = documentsIn(trace);
          found.add(documents.Id);
          if (found.size > TraceIds.length) throw notXRay('it returned more traces than requested');
          yield documents;
        }
        const notYet = listOf(page.UnprocessedTraceIds ?? [], 'UnprocessedTraceIds');
        for (const id of notYet) if (typeof id === 'string') unprocessed.add(id);
        idle.note(found.size > before);
      }
      left = TraceIds.filter((id) => unprocessed.has(id));
      this.#notGiven += TraceIds.filter((id) => !found.has(id) && !unprocessed.has(id)).length;
    }
  }

  /**
   * The pages of `ask` until one has no token for the next; a page may be empty. A repeated token is an error, because
   * it would never end.
   */
  async *#pagesOf<T extends { readonly NextToken?: string | undefined }>(
    ask: (token: { NextToken?: string }) => Promise<T>,
  ): AsyncGenerator<{ readonly page: T; readonly idle: IdlePages }> {
    const asked = new Set<string>();
    const idle = new IdlePages(this.#maxIdlePages);
    let token: { NextToken?: string } = {};
    for (;;) {
      const page = await ask(token);
      yield { page, idle };
      const NextToken: unknown = page.NextToken;
      if ((NextToken ?? '') === '') return;
      if (typeof NextToken !== 'string') throw notXRay('its NextToken is not a string');
      const mark = hash('sha256', NextToken);
      if (asked.has(mark))
        throw new XraydError(
          'XRAYD_TRANSFER',
          'the server returned the same NextToken twice: the list would never end',
        );
      asked.add(mark);
      token = { NextToken };
    }
  }
}

/** Notes whether each page had anything new. Throws after many consecutive pages without. */
class IdlePages {
  readonly #max: number;
  #pages = 0;

  constructor(max: number) {
    this.#max = max;
  }

  note(isNew: boolean): void {
    this.#pages = isNew ? 0 : this.#pages + 1;
    if (this.#pages === this.#max)
      throw new XraydError(
        'XRAYD_TRANSFER',
        `the server returned ${this.#max} consecutive pages without anything new, each with a NextToken`,
      );
  }
}

/**
 * X-Ray's answers have the list even if it is empty. Without it, something else answered, and "no traces" would be a
 * guess.
 */
function listOf(list: unknown, name: string): readonly unknown[] {
  if (Array.isArray(list)) return list;
  throw notXRay(`its answer has no ${name}. ${PROXY_HINT}`);
}

/** Checked, because messages show it on a terminal. */
function idOf(trace: unknown): string {
  const Id = member(trace, 'Id');
  if (typeof Id !== 'string') throw notXRay('a trace has no ID');
  if (Id.length > MAX_ID) throw notXRay(`a trace ID has ${Id.length} characters`);
  if (!/^[!-~]+$/.test(Id)) throw notXRay('a trace ID has characters that are not printable');
  return Id;
}

function documentsIn(trace: unknown): ReturnedTrace {
  const Id = idOf(trace);
  const list = member(trace, 'Segments') ?? [];
  const Segments = arrayOf(list).map((each) => ({ Id: member(each, 'Id'), Document: member(each, 'Document') }));
  if (!Array.isArray(list) || !Segments.every(isSegment)) throw notXRay('a segment has no ID or no document');
  const [Duration, LimitExceeded] = [numberOf(member(trace, 'Duration')), member(trace, 'LimitExceeded')];
  return {
    Id,
    ...(Duration === undefined ? {} : { Duration }),
    ...(typeof LimitExceeded === 'boolean' ? { LimitExceeded } : {}),
    Segments,
  };
}

function isSegment(each: { readonly Id: unknown; readonly Document: unknown }): each is ReturnedTrace['Segments'][0] {
  return typeof each.Id === 'string' && typeof each.Document === 'string';
}

function notXRay(problem: string): XraydError {
  return new XraydError('XRAYD_TRANSFER', `the server that answered is not X-Ray: ${problem}`);
}

/**
 * Describes an answer, or an error, that does not come from X-Ray; undefined if X-Ray answered, or nothing did. The SDK
 * would only report invalid JSON.
 */
function foreignAnswer(error: unknown): string | undefined {
  const response = member(error, '$response');
  const headers = member(response, 'headers');
  const isUnread = error instanceof SyntaxError || error instanceof TypeError || member(error, 'name') === 'Unknown';
  if (headers === undefined || member(headers, 'x-amzn-errortype') !== undefined || !isUnread) return undefined;
  const said = ['content-type', 'server', 'via', 'location'].flatMap((name) => {
    const value = member(headers, name);
    return typeof value === 'string' && value !== '' ? [`${name}: ${oneLine(value, MAX_HEADER)}`] : [];
  });
  return [`HTTP ${String(member(response, 'statusCode'))}`, ...said].join(', ');
}

/** On one line, because a server may send any text, and the SDK adds a hint for programmers. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'the server that answered is not X-Ray: its answer is nested too deeply';
  const name = textOf(member(error, 'name')) ?? 'Error';
  const [first = ''] = messageOf(error).split('\n  Deserialization error');
  return oneLine(`${name}: ${first}`, MAX_REASON);
}
