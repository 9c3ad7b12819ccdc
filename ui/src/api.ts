import type { DecidingRule, Finding, Overview, RowsPage, RowsWindow, Status, TraceDocuments, TraceRow } from '../../src/api/page-types.ts';
import { parseJson } from '../../src/json/exact-number.ts';
import type { Graph } from './map/graph.ts';

/** The local X-Ray answered that it would not; `message` is for a person. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refused';
    this.status = status;
  }
}

/** For a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export interface Query {
  readonly filter: string;
  /** Words to be found anywhere in a trace. */
  readonly text: string;
  /** Seconds since the epoch, of the start. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Pinned traces alone. */
  readonly isPinned?: boolean | undefined;
}

export interface PageOf {
  /** `next` of the page before; null for the first one. */
  readonly after: string | null;
  readonly limit: number;
}

/** The newest first. */
export async function readRows(query: Query, { after, limit }: PageOf, signal: AbortSignal): Promise<RowsPage> {
  if (query.isPinned === true) return get(`/api/pinned?${queryText(query)}`, signal);
  const page = new URLSearchParams({ limit: String(limit) });
  if (after !== null) page.set('after', after);
  const reading = get<RowsPage>(`/api/traces?${queryText(query)}&${page.toString()}`, signal);
  // The pages after the first wait until its rows are painted.
  return after === null ? hurried(reading) : reading;
}

export interface WindowOf {
  /** Column, "-" before it for the greatest first; "" is newest first. */
  readonly sort: string;
  readonly skip: number;
  readonly limit: number;
  /** Of the window before. */
  readonly ranking: string | undefined;
  /** The id of a trace whose position is asked for. */
  readonly find?: string;
}

/** All that match, by position. */
export async function readWindow(query: Query, { sort, skip, limit, ranking = '', find = '' }: WindowOf, signal: AbortSignal): Promise<RowsWindow> {
  const window = new URLSearchParams({ sort, skip: String(skip), limit: String(limit), ranking, find });
  return hurried(get(`/api/window?${queryText(query)}&${window.toString()}`, signal));
}

/** What is said of all that match. */
export async function readOverview(query: Query, { isAllTime }: { isAllTime: boolean }, signal: AbortSignal): Promise<Overview> {
  return get(`/api/overview?${queryText(query)}&all=${isAllTime}`, signal);
}

/** A trace that a chart shows; null when it has gone. */
export async function readRow(row: number): Promise<TraceRow | null> {
  return get(`/api/row?row=${row}`);
}

export async function readTrace(id: string, signal?: AbortSignal): Promise<TraceDocuments> {
  const text = await hurried(fetched(`/api/traces/${encodeURIComponent(id)}`, signal).then(async (answer) => answer.text()));
  return parseJson(text) as TraceDocuments;
}

export async function readFindings(id: string, signal?: AbortSignal): Promise<readonly Finding[]> {
  const { Findings } = await get<{ Findings: readonly Finding[] }>(`/api/traces/${encodeURIComponent(id)}/findings`, signal);
  return Findings;
}

/**
 * Of all traces that match; with `withinMs` of the newest of them, after that time. Not hurried: the list's pages are of the same traces, which the store
 * puts together once for both while they are read together.
 */
export async function readGraph(query: Query, signal: AbortSignal, withinMs?: number): Promise<Graph> {
  return get(`/api/graph?${queryText(query)}${withinMs === undefined ? '' : `&within=${withinMs}`}`, signal);
}

export async function readTraceGraph(id: string, signal?: AbortSignal): Promise<Graph> {
  return post('/TraceGraph', { TraceIds: [id] }, signal);
}

/** What decides in AWS whether such a request is traced; `request` as the route takes it. */
export async function readSamplingRule(request: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<DecidingRule | null> {
  return (await get<{ Rule: DecidingRule | null }>(`/api/sampling?${new URLSearchParams(request).toString()}`, signal)).Rule;
}

export async function readStatus(): Promise<Status> {
  return get('/api/status');
}

/** Seen values of a field of the index, or keys of annotations for "". */
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

/** Of every route that takes what is searched for. */
export function queryText({ filter, text, from, to }: Query): string {
  const query = new URLSearchParams({ filter });
  if (text !== '') query.set('text', text);
  if (from !== undefined) query.set('from', String(from));
  if (to !== undefined) query.set('to', String(to));
  return query.toString();
}

const hurry = { readings: 0 };
/** What is here is painted in this time. */
const PAINT_MS = 200;
const LONGEST_MS = 3_000;

/** What the screen is waiting for. */
async function hurried<T>(reading: Promise<T>): Promise<T> {
  hurry.readings++;
  try {
    return await reading;
  } finally {
    setTimeout(() => hurry.readings--, PAINT_MS);
  }
}

/** What nobody is waiting for comes after what the screen is waiting for, or a little later anyway. */
export async function unhurried(): Promise<void> {
  for (let waitedMs = 0; hurry.readings > 0 && waitedMs < LONGEST_MS; waitedMs += PAINT_MS) await new Promise((next) => setTimeout(next, PAINT_MS));
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await fetched(path, signal)).json()) as T;
}

async function fetched(path: string, signal?: AbortSignal): Promise<Response> {
  return answered(await reached(path, signal === undefined ? {} : { signal }));
}

async function post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  const answer = await answered(await reached(path, { method: 'POST', body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) }));
  return (await answer.json()) as T;
}

/** The browser's own words for a server that is away, such as "Failed to fetch", are none for a person. */
async function reached(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request);
  } catch (error) {
    if (error instanceof TypeError) throw new Error(`xrayd does not answer at ${location.host}. The page keeps trying.`, { cause: error });
    throw error;
  }
}

/** Throws Refused unless it is an answer of success. */
async function answered(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  let message = '';
  try {
    const body = (await answer.json()) as { Message?: string; message?: string };
    message = body.Message ?? body.message ?? '';
  } catch {
    // Not one of ours.
  }
  throw new Refused(answer.status, message === '' ? `The answer was ${answer.status}` : message);
}
