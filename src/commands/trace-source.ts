import type { Trace, XRayClient } from '@aws-sdk/client-xray';
import { setTimeout as sleep } from 'node:timers/promises';
import { dateOf, wallClockMs } from '../pipeline/clock.ts';
import { XraydError, messageOf } from '../pipeline/errors.ts';

/** A trace in the form of BatchGetTraces. */
export interface TraceDocuments {
  readonly Id: string;
  readonly Duration?: number;
  readonly LimitExceeded?: boolean;
  readonly Segments: readonly { readonly Id: string; readonly Document: string }[];
}

export interface TraceQuery {
  /** These only; when empty, those that match. */
  readonly ids: readonly string[];
  /** A filter expression; "" for all. */
  readonly filter: string;
  /** Words, of the local X-Ray only; "" for all. */
  readonly text: string;
  /** Infinity for all. */
  readonly sinceMinutes: number;
}

/** Ids of the traces that match, with words among them. */
type IdsByText = (query: TraceQuery) => AsyncIterable<string>;

/** X-Ray answers no more in one call. */
const IDS_A_CALL = 5;
/** Clocks differ, and what has just been sent is meant too. */
const AHEAD_MS = 60_000;
/** The last date of JavaScript: a trace that says milliseconds for seconds began before it. */
const LAST_MS = 8.64e15;
const RETRY_MS = 250;
const MAX_TRIES = 5;

/** Reads traces from an X-Ray, AWS's or the local one, through AWS's own client. */
export class TraceSource {
  readonly #client: XRayClient;
  readonly #isLocal: boolean;
  readonly #idsByText: IdsByText | undefined;

  /** `isLocal`: it is the local X-Ray, which is asked for traces with times in the future too. `idsByText` finds words, which X-Ray's API does not. */
  constructor(client: XRayClient, { isLocal = false, idsByText }: { isLocal?: boolean; idsByText?: IdsByText } = {}) {
    this.#client = client;
    this.#isLocal = isLocal;
    this.#idsByText = idsByText;
  }

  /** Newest first, as they come. Throws XRAYD_TRANSFER with what X-Ray said. */
  async *traces(query: TraceQuery): AsyncGenerator<TraceDocuments> {
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
      const { name } = error as Error;
      throw new XraydError('XRAYD_TRANSFER', `X-Ray does not give its traces: ${name}: ${messageOf(error)}`, { cause: error });
    }
  }

  async *#idsOf(query: TraceQuery): AsyncGenerator<string> {
    const { ids, filter, text, sinceMinutes } = query;
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
      StartTime: dateOf(Math.max(0, nowMs - sinceMinutes * 60_000)),
      EndTime: dateOf(this.#isLocal ? LAST_MS : nowMs + AHEAD_MS),
      ...(filter === '' ? {} : { FilterExpression: filter }),
    };
    const pages = pagesOf((NextToken) => this.#client.send(new GetTraceSummariesCommand({ ...input, ...NextToken })));
    for await (const { TraceSummaries } of pages) {
      for (const { Id } of listOf(TraceSummaries, 'TraceSummaries')) if (Id !== undefined) yield Id;
    }
  }

  /** X-Ray may leave some of them for another page, and others for another call. */
  async *#documentsOf(ids: readonly string[]): AsyncGenerator<TraceDocuments> {
    const { BatchGetTracesCommand } = await import('@aws-sdk/client-xray');
    let left = [...ids];
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === MAX_TRIES) throw new XraydError('XRAYD_TRANSFER', `X-Ray does not give ${left.join(', ')}. Try again later`);
      if (tries > 0) await sleep(RETRY_MS * 2 ** tries);
      const TraceIds = left;
      left = [];
      for await (const page of pagesOf((NextToken) => this.#client.send(new BatchGetTracesCommand({ TraceIds, ...NextToken })))) {
        for (const trace of listOf(page.Traces, 'Traces')) yield documentsIn(trace);
        left.push(...(page.UnprocessedTraceIds ?? []));
      }
    }
  }
}

/** The answers of `ask` until one has no token for the next; a page may be empty. One that repeats its token would go on for ever. */
async function* pagesOf<T extends { readonly NextToken?: string | undefined }>(
  ask: (token: { NextToken?: string }) => Promise<T>,
): AsyncGenerator<T> {
  const asked = new Set<string>();
  let token: { NextToken?: string } = {};
  for (;;) {
    const page = await ask(token);
    yield page;
    const { NextToken } = page;
    if (!NextToken) return;
    if (asked.has(NextToken)) throw new XraydError('XRAYD_TRANSFER', 'what answers gives the same NextToken again: the pages have no end');
    asked.add(NextToken);
    token = { NextToken };
  }
}

/** X-Ray's answers have the list, even when it is empty. Without it something else answered, and "no traces" would be a guess. */
function listOf<T>(list: readonly T[] | undefined, name: string): readonly T[] {
  if (Array.isArray(list)) return list as readonly T[];
  throw new XraydError(
    'XRAYD_TRANSFER',
    `what answers is not X-Ray: there is no ${name} in its answer. A proxy? Check the endpoint and the proxy settings`,
  );
}

function documentsIn(trace: Trace): TraceDocuments {
  const { Id, Segments = [] } = trace;
  const isWhole = typeof Id === 'string' && Segments.every(({ Id: id, Document }) => typeof id === 'string' && typeof Document === 'string');
  if (isWhole) return { ...trace, Segments } as TraceDocuments;
  throw new XraydError('XRAYD_TRANSFER', 'what answers is not X-Ray: a trace has no id, or a segment no document');
}
