import type { XRayClient } from '@aws-sdk/client-xray';
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
  /** Infinity for all. */
  readonly sinceMinutes: number;
}

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

  /** `isLocal`: it is the local X-Ray, which is asked for traces with times in the future too. */
  constructor(client: XRayClient, { isLocal = false }: { isLocal?: boolean } = {}) {
    this.#client = client;
    this.#isLocal = isLocal;
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

  async *#idsOf({ ids, filter, sinceMinutes }: TraceQuery): AsyncGenerator<string> {
    if (ids.length > 0) {
      yield* ids;
      return;
    }
    const { paginateGetTraceSummaries } = await import('@aws-sdk/client-xray');
    const nowMs = wallClockMs();
    const input = {
      StartTime: dateOf(Math.max(0, nowMs - sinceMinutes * 60_000)),
      EndTime: dateOf(this.#isLocal ? LAST_MS : nowMs + AHEAD_MS),
      ...(filter === '' ? {} : { FilterExpression: filter }),
    };
    for await (const { TraceSummaries = [] } of paginateGetTraceSummaries({ client: this.#client }, input)) {
      for (const { Id } of TraceSummaries) if (Id !== undefined) yield Id;
    }
  }

  /** X-Ray may leave some of them for another call. */
  async *#documentsOf(ids: readonly string[]): AsyncGenerator<TraceDocuments> {
    const { BatchGetTracesCommand } = await import('@aws-sdk/client-xray');
    let left = [...ids];
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === MAX_TRIES) throw new XraydError('XRAYD_TRANSFER', `X-Ray does not give ${left.join(', ')}. Try again later`);
      if (tries > 0) await sleep(RETRY_MS * 2 ** tries);
      const { Traces = [], UnprocessedTraceIds = [] } = await this.#client.send(new BatchGetTracesCommand({ TraceIds: left }));
      yield* Traces as TraceDocuments[];
      left = UnprocessedTraceIds;
    }
  }
}
