import type {
  DecidingRule,
  Finding,
  Overview,
  RowsPage,
  RowsWindow,
  Status,
  TraceDocuments,
  TraceRow,
} from '../../src/api/page-types.ts';
import { parseJson } from '../../src/json/exact-number.ts';
import { member, textOf } from '../../src/json/json.ts';
import type { TraceLog } from '../../src/trace/log.ts';
import type { Graph } from './map/graph.ts';

/** The local X-Ray refused the request; `message` is for the user. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refused';
    this.status = status;
  }
}

/** The message to show to the user. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export interface Query {
  readonly filter: string;
  /** Text to be found anywhere in a trace. */
  readonly text: string;
  /** Range of start times, in seconds since the epoch. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Traces that AWS would not keep, too. */
  readonly hasUnsampled?: boolean | undefined;
  /** Pinned traces only. */
  readonly isPinned?: boolean | undefined;
}

export interface PageOf {
  /** `next` of the previous page; null for the first one. */
  readonly after: string | null;
  readonly limit: number;
}

/** Newest first. */
export async function readRows(query: Query, { after, limit }: PageOf, signal: AbortSignal): Promise<RowsPage> {
  if (query.isPinned === true) return get(`/api/pinned?${queryText(query)}`, signal);
  const page = new URLSearchParams({ limit: String(limit) });
  if (after !== null) page.set('after', after);
  const reading = get<RowsPage>(`/api/traces?${queryText(query)}&${page.toString()}`, signal);
  // The pages after the first wait until its rows are painted.
  return after === null ? hurried(reading) : reading;
}

export interface WindowOf {
  /** Column, with "-" before it for descending; "" is newest first. */
  readonly sort: string;
  readonly skip: number;
  readonly limit: number;
  /** `ranking` of the previous window. */
  readonly ranking: string | undefined;
  /** ID of a trace whose position is requested. */
  readonly find?: string;
}

/** Reads matches by position. */
export async function readWindow(
  query: Query,
  { sort, skip, limit, ranking = '', find = '' }: WindowOf,
  signal: AbortSignal,
): Promise<RowsWindow> {
  const window = new URLSearchParams({ sort, skip: String(skip), limit: String(limit), ranking, find });
  return hurried(get(`/api/window?${queryText(query)}&${window.toString()}`, signal));
}

/** Reads totals and chart data of all matches. */
export async function readOverview(
  query: Query,
  { isAllTime }: { isAllTime: boolean },
  signal: AbortSignal,
): Promise<Overview> {
  return get(`/api/overview?${queryText(query)}&all=${isAllTime}`, signal);
}

/** Reads a trace shown in a chart; null if it has been deleted. */
export async function readRow(row: number): Promise<TraceRow | null> {
  return get(`/api/row?row=${row}`);
}

export async function readTrace(id: string, signal?: AbortSignal): Promise<TraceDocuments> {
  const text = await hurried(
    fetched(`/api/traces/${encodeURIComponent(id)}`, signal).then(async (answer) => answer.text()),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server of the page, of the same version
  return parseJson(text) as TraceDocuments;
}

export async function readFindings(id: string, signal?: AbortSignal): Promise<readonly Finding[]> {
  const { Findings } = await get<{ Findings: readonly Finding[] }>(
    `/api/traces/${encodeURIComponent(id)}/findings`,
    signal,
  );
  return Findings;
}

/** Reads the log records of a trace, in order of arrival. */
export async function readLogs(id: string, signal?: AbortSignal): Promise<readonly TraceLog[]> {
  const text = await (await fetched(`/api/traces/${encodeURIComponent(id)}/logs`, signal)).text();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server of the page, of the same version
  return (parseJson(text) as { Logs: readonly TraceLog[] }).Logs;
}

/** Reads the service graph of all matching traces; with `withinMs`, of the newest ones that can be read in that time. */
export async function readGraph(query: Query, signal: AbortSignal, withinMs?: number): Promise<Graph> {
  return hurried(get(`/api/graph?${queryText(query)}${withinMs === undefined ? '' : `&within=${withinMs}`}`, signal));
}

export async function readTraceGraph(id: string, signal?: AbortSignal): Promise<Graph> {
  return get(`/api/traces/${encodeURIComponent(id)}/graph`, signal);
}

/** Reads the sampling rule that would decide about a request; `request` as the route expects it. */
export async function readSamplingRule(
  request: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<DecidingRule | null> {
  return (await get<{ Rule: DecidingRule | null }>(`/api/sampling?${new URLSearchParams(request).toString()}`, signal))
    .Rule;
}

export async function readStatus(): Promise<Status> {
  return get('/api/status');
}

/** Reads indexed values of a field, or annotation keys for "". */
export async function readSuggestions(field: string, prefix: string): Promise<readonly (string | number)[]> {
  return get(`/api/suggestions?field=${encodeURIComponent(field)}&prefix=${encodeURIComponent(prefix)}`);
}

export async function sendSample(): Promise<string> {
  const { TraceId } = await post<{ TraceId: string }>('/api/sample', {});
  return TraceId;
}

export async function setPinned(id: string, Pinned: boolean): Promise<void> {
  await post(`/api/traces/${encodeURIComponent(id)}/pin`, { Pinned });
}

export async function clearStore(): Promise<void> {
  await post('/api/clear', {});
}

/** Query string of every route that takes a search. */
export function queryText({ filter, text, hasUnsampled = false, from, to }: Query): string {
  const query = new URLSearchParams({ filter });
  if (text !== '') query.set('text', text);
  if (hasUnsampled) query.set('unsampled', 'true');
  if (from !== undefined) query.set('from', String(from));
  if (to !== undefined) query.set('to', String(to));
  return query.toString();
}

const hurry = { readings: 0 };
/** Time to paint what has been read. */
const PAINT_MS = 200;
const LONGEST_MS = 3_000;

/** Marks a reading that the screen is waiting for. */
async function hurried<T>(reading: Promise<T>): Promise<T> {
  hurry.readings++;
  try {
    return await reading;
  } finally {
    setTimeout(() => hurry.readings--, PAINT_MS);
  }
}

/** Waits until the screen is not waiting for anything, but not for long. */
export async function unhurried(): Promise<void> {
  for (let waitedMs = 0; hurry.readings > 0 && waitedMs < LONGEST_MS; waitedMs += PAINT_MS)
    await new Promise((next) => setTimeout(next, PAINT_MS));
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return bodyOf(await fetched(path, signal));
}

async function fetched(path: string, signal?: AbortSignal): Promise<Response> {
  return answered(await reached(path, signal === undefined ? {} : { signal }));
}

async function post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  const answer = await answered(
    await reached(path, { method: 'POST', body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) }),
  );
  return bodyOf(answer);
}

/** The page and its server are one build, and share the types of the answers (src/api/page-types.ts). */
async function bodyOf<T>(answer: Response): Promise<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's type
  return (await answer.json()) as T;
}

/** Replaces the browser's message for an unreachable server, such as "Failed to fetch", by one for the user. */
async function reached(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request);
  } catch (error) {
    if (error instanceof TypeError)
      throw new Error(`xrayd does not answer at ${location.host}. The page keeps trying.`, { cause: error });
    throw error;
  }
}

/** Throws Refused unless the response is successful. */
async function answered(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  let message = '';
  try {
    const body: unknown = await answer.json();
    message = textOf(member(body, 'Message')) ?? textOf(member(body, 'message')) ?? '';
  } catch {
    // The response is not from xrayd.
  }
  throw new Refused(answer.status, message === '' ? `The answer was ${answer.status}` : message);
}
