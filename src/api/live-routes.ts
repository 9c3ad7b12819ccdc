import type { FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import * as Type from './type.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import type { LiveFeed } from './live.ts';
import type { Search } from '../filter/search.ts';
import type { Store } from '../threads/store.ts';
import { parseJson } from '../json/exact-number.ts';
import { arrayOf, member } from '../json/json.ts';
import type { ReadGate } from './read-gate.ts';
import { ApiError, invalid } from './api-error.ts';
import type { ApiServer } from './operation.ts';
import { countOf, flagOf, rangeOf, Text, traceIdOf, Selected } from './query-string.ts';
import type { Groups } from './groups.ts';
import type { Hello } from './page-types.ts';

export interface LiveDeps {
  readonly store: Pick<Store, 'read'>;
  readonly feed: LiveFeed;
  readonly groups: Groups;
  /** Streams and queries take turns at the store. */
  readonly gate: Pick<ReadGate, 'enter'>;
  /** Aborts when the server stops. */
  readonly signal: AbortSignal;
}

/** Responses that do not end by themselves. */
export const STREAMS: ReadonlySet<string> = new Set(['/events', '/traces.ndjson']);

const Events = Type.Object({ ...Selected, form: Text });
const Summaries = Type.Object({ ...Selected, id: Text, follow: Text, limit: Text });

const MAX_CLIENTS = 64;
/** Minimum interval between messages: a busy trace is sent at most ten times per second. */
const TICK_MS = 100;
/** The segments of a request arrive within this time, so that the first message after a pause has all of them. */
const SETTLE_MS = 20;
/** Maximum number of traces in one message; if more changed, the newest are sent. */
const MAX_TRACES = 200;
/** A row has a tenth of a summary's size, and a page that missed some must reload everything. */
const MAX_ROWS = 2_000;
/** A client with this much unread data is too slow: it gets the newest changes once it has read on. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Limit for all clients together. */
const MAX_ALL_UNREAD_BYTES = 16 * 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;

/**
 * `GET /events`: server-sent events. `traces` carries the summaries of traces that changed, with the number of the
 * change as id; `resync` means that changes were left out and the list must be reloaded. With `form=rows`, the event is
 * `rows` with RowChanges.
 * Both accept `filter`, and `text`: words that the traces must contain.
 * `GET /traces.ndjson?filter=…&limit=…&follow=true`: summaries, one per line, newest first; with `follow`, new ones are
 * appended. `id` selects one trace, by its ID in any notation.
 */
export function addLiveRoutes(app: ApiServer, deps: LiveDeps): void {
  let clients = 0;
  const streams = new Set<{ readonly writableLength: number }>();
  const unread = (): number => streams.values().reduce((sum, { writableLength }) => sum + writableLength, 0);
  const stream = async (
    reply: FastifyReply,
    { type, isEndless }: { type: string; isEndless: boolean },
    run: (out: Outlet) => Promise<void>,
  ): Promise<FastifyReply> => {
    const headers = { 'content-type': type, 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    // A HEAD request does not listen, so the stream would never end.
    if (reply.request.method === 'HEAD') return reply.headers(headers).send();
    if (clients >= MAX_CLIENTS)
      throw new ApiError('ThrottledException', `There are ${MAX_CLIENTS} listeners already`, 429);
    clients++;
    const { raw } = reply.hijack();
    const closed = new AbortController();
    // A client that reads nothing at all is disconnected after a while.
    const isFull = (): boolean => raw.writableLength > MAX_UNREAD_BYTES || unread() > MAX_ALL_UNREAD_BYTES;
    streams.add(raw);
    raw.once('close', () => closed.abort());
    raw.writeHead(200, headers);
    // Otherwise Node holds the headers back until the first line, which may take hours with `follow`.
    raw.flushHeaders();
    const signal = AbortSignal.any([closed.signal, deps.signal]);
    try {
      await run({ write: (text) => raw.write(text), isFull, signal });
      raw.end();
    } catch {
      // The client left, xrayd stops, or the store failed. A finite list is cut off, so that it is not mistaken for a
      // complete one.
      if (isEndless) raw.end();
      else raw.destroy();
    } finally {
      clients--;
      streams.delete(raw);
    }
    return reply;
  };
  app.get('/events', { schema: { querystring: Events } }, async (request, reply) => {
    const search = deps.groups.searchOf(request.query);
    const what = { lastId: lastIdOf(request), search, isRows: request.query.form === 'rows' };
    return stream(reply, { type: 'text/event-stream', isEndless: true }, (out) => sendEvents(out, what, deps));
  });
  app.get('/traces.ndjson', { schema: { querystring: Summaries } }, async (request, reply) => {
    const { follow, limit, id } = request.query;
    const only = id === undefined ? undefined : traceIdOf({ id });
    const most = countOf('limit', limit) ?? Infinity;
    const isFollowing = flagOf('follow', follow);
    if (only !== undefined && isFollowing) throw invalid('id names one trace: it cannot be combined with follow');
    const search = deps.groups.searchOf(request.query);
    return stream(reply, { type: 'application/x-ndjson', isEndless: isFollowing }, async (out) => {
      const from = deps.feed.last;
      const writeLines = (lines: readonly string[]): void => {
        for (const line of lines) out.write(`${line}\n`);
      };
      if (only !== undefined) return sendSummaries(deps, [only], { ...search, hasUnsampled: true }, out, writeLines);
      const range = { type: 'TraceId', ...rangeOf({}) } as const;
      let after: { row: number; time: number } | undefined;
      let left = most;
      do {
        const size = Math.min(left, MAX_TRACES);
        after = await inTurn(deps.gate, out, async () => {
          const page = await deps.store.read('summaries', {
            range,
            ...search,
            rate: 1,
            after,
            limit: size,
          });
          const summaries = arrayOf(member(parseJson(page.json), 'TraceSummaries'));
          for (const summary of summaries) out.write(`${JSON.stringify(summary)}\n`);
          left -= summaries.length;
          return left > 0 ? page.next : undefined;
        });
      } while (after !== undefined);
      if (!isFollowing) return;
      await eachTick(deps.feed, from, MAX_TRACES, out, async (ids) => {
        await sendSummaries(deps, ids, search, out, writeLines);
      });
    });
  });
}

interface Outlet {
  readonly write: (text: string) => void;
  readonly isFull: () => boolean;
  readonly signal: AbortSignal;
}

interface Wanted {
  readonly lastId: number | undefined;
  readonly search: Search;
  readonly isRows: boolean;
}

async function sendEvents(out: Outlet, { lastId, search, isRows }: Wanted, deps: LiveDeps): Promise<void> {
  const { feed, store, gate } = deps;
  out.write(`retry: 1000\n\nevent: hello\ndata: ${JSON.stringify({ run: feed.run } satisfies Hello)}\n\n`);
  const isForgotten = lastId !== undefined && feed.since(lastId) === undefined;
  if (isForgotten) out.write(`event: resync\nid: ${feed.last}\ndata: {}\n\n`);
  const from = isForgotten ? feed.last : (lastId ?? feed.last);
  await eachTick(feed, from, isRows ? MAX_ROWS : MAX_TRACES, out, async (ids, number, isWhole) => {
    if (!isWhole) out.write(`event: resync\nid: ${number}\ndata: {}\n\n`);
    if (isRows) {
      await inTurn(gate, out, async () =>
        out.write(`event: rows\nid: ${number}\ndata: ${await store.read('rowsOf', { ids, ...search })}\n\n`),
      );
      return;
    }
    await sendSummaries(deps, ids, search, out, (lines) => {
      if (lines.length > 0) out.write(`event: traces\nid: ${number}\ndata: [${lines.join(',')}]\n\n`);
    });
  });
}

/** In responses of bounded size, each sent once the client has read the previous one. */
async function sendSummaries(
  { store, gate }: Pick<LiveDeps, 'store' | 'gate'>,
  ids: readonly string[],
  search: Search,
  out: Outlet,
  send: (lines: readonly string[]) => void,
): Promise<void> {
  for (let left = ids; left.length > 0;) {
    await inTurn(gate, out, async () => {
      const { lines, done } = await store.read('summariesOf', { ids: left, ...search });
      send(lines);
      left = left.slice(done);
    });
  }
}

/**
 * Runs `work`, which queries the store and writes, once it is this stream's turn and its output is not full. Rejects if
 * the stream ends.
 */
async function inTurn<T>(gate: LiveDeps['gate'], { isFull, signal }: Outlet, work: () => Promise<T>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const leave = isFull() ? undefined : await gate.enter();
    try {
      // Others wrote while this one waited.
      if (leave !== undefined && !isFull()) return await work();
    } finally {
      leave?.();
    }
    await sleep(TICK_MS, undefined, { signal });
  }
}

/**
 * Calls `send` with the newest `most` traces that changed since the last call: soon after a pause, else once per tick,
 * and not while the output is full.
 */
async function eachTick(
  feed: LiveFeed,
  from: number,
  most: number,
  out: Outlet,
  send: (ids: readonly string[], number: number, isWhole: boolean) => Promise<void>,
): Promise<void> {
  let sent = from;
  let sentMs = -Infinity;
  let wake = Promise.withResolvers<void>();
  const stopListening = feed.listen(() => wake.resolve());
  const onAbort = (): void => wake.resolve();
  out.signal.addEventListener('abort', onAbort, { once: true });
  const keepAlive = setInterval(() => out.write(out.isFull() ? '' : '\n'), KEEP_ALIVE_MS);
  try {
    while (!out.signal.aborted) {
      if (feed.last === sent) {
        wake = Promise.withResolvers<void>();
        await wake.promise;
      }
      await sleep(Math.max(SETTLE_MS, sentMs + TICK_MS - monotonicMs()), undefined, { signal: out.signal });
      sentMs = monotonicMs();
      if (out.isFull()) continue;
      const number = feed.last;
      const ids = feed.since(sent);
      const shown = ids?.slice(-most) ?? [];
      await send(shown, number, ids !== undefined && shown.length === ids.length);
      sent = number;
      sentMs = monotonicMs();
    }
  } finally {
    clearInterval(keepAlive);
    stopListening();
  }
}

function lastIdOf({ headers }: FastifyRequest): number | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && /^\d+$/.test(id) ? Number(id) : undefined;
}
