import type { FastifyInstance } from 'fastify';
import type { Search } from '../filter/search.ts';
import { textSearch } from '../filter/text.ts';
import { ruleFor } from '../sampling/rule.ts';
import type { Range } from '../query/source.ts';
import { invalid, noSuchTrace } from './api-error.ts';
import { countOf } from './validation.ts';
import type { XRayBackend } from './backend.ts';
import type { Order, OrderCursor, OrderedRequest, Selection } from '../query/ranking.ts';
import { SORT_KEYS, type DecidingRule, type RowChanges, type RowsPage, type SortKey, type Status } from './page-types.ts';

/** What the page wants to know of the process that it talks to. */
export type ProcessStatus = Pick<Status, 'version' | 'address' | 'received' | 'lost'>;

export interface PageDeps {
  readonly backend: XRayBackend;
  readonly status: () => ProcessStatus;
  /** Documents of a new sample trace. */
  readonly sample: () => { traceId: string; documents: string[] };
}

const MAX_ROWS = 1_000;
/** A person pins by hand; of more, the newest are listed. */
const MAX_PINNED = 1_000;

/** What the page reads, beside X-Ray's operations: see page-types.ts. */
export function addPageRoutes(app: FastifyInstance, { backend, status, sample }: PageDeps): void {
  const { store, groups, config, sampling } = backend;
  const searchOf = ({ filter, text }: Query): Search => ({ filter: groups.parseIfGiven(filter), text: textSearch(text) });
  const rowsOf = async (selection: Selection, after: string | undefined, limit: number): Promise<{ rows: string; next: string | null }> => {
    const { rows, next } = await store.read('rows', { ...selection, after: cursorOf(after), limit });
    return { rows, next: next === undefined ? null : `${next.row}:${next.time}` };
  };
  const orderedRowsOf = async (
    request: Omit<OrderedRequest, 'after' | 'limit'>,
    after: string | undefined,
    limit: number,
  ): Promise<{ rows: string; next: string | null }> => {
    const { rows, next } = await store.read('orderedRows', { ...request, after: orderCursorOf(after), limit });
    return { rows, next: next === undefined ? null : `${next.row}:${next.at}:${JSON.stringify(next.value)}` };
  };
  app.get('/api/traces', async ({ query }, reply) => {
    const { after, limit, sort, totals, ...search } = query as Query;
    const selection = { ...rangeOf(search), ...searchOf(search) };
    const most = Math.min(countOf('limit', limit) ?? 200, MAX_ROWS);
    const order = orderOf(sort);
    const hasTotals = flagOf('totals', totals);
    const page = order === undefined ? await rowsOf(selection, after, most) : await orderedRowsOf({ ...selection, order }, after, most);
    const facts = { next: page.next, ...(hasTotals ? { totals: await store.read('totals', selection) } : {}) };
    return reply.type('application/json').send(`{"rows":${page.rows},${JSON.stringify(facts).slice(1)}`);
  });
  app.get('/api/window', async ({ query }, reply) => {
    const { sort, skip, limit, ranking, find, ...search } = query as Query;
    const order = orderOf(sort) ?? { key: 'start', isDescending: true };
    const most = Math.min(countOf('limit', limit) ?? 200, MAX_ROWS);
    const request = { ...rangeOf(search), ...searchOf(search), order, skip: positionOf('skip', skip), limit: most };
    return reply.type('application/json').send(await store.read('window', { ...request, ranking: given(ranking), find: given(find) }));
  });
  app.get('/api/overview', async ({ query }, reply) => {
    const { all, ...search } = query as Query;
    const chosen = { from: numberOf('from', search.from), to: numberOf('to', search.to), isAll: flagOf('all', all) };
    return reply.type('application/json').send(await store.read('overview', { ...rangeOf(search), ...searchOf(search), chosen }));
  });
  app.get('/api/row', async ({ query }, reply) => {
    const { row } = query as { row?: string };
    return reply.type('application/json').send(await store.read('rowAt', { row: positionOf('row', row) }));
  });
  app.get('/api/pinned', async ({ query }, reply) => {
    const search = query as Query;
    const { start, end } = rangeOf(search);
    const ids = await store.read('pinned', { limit: MAX_PINNED });
    const { rows } = JSON.parse(await store.read('rowsOf', { ids, ...searchOf(search) })) as RowChanges;
    const found = rows.filter((row) => row.start >= start && row.start < end).toSorted((a, b) => b.start - a.start);
    return reply.send({ rows: found, next: null } satisfies RowsPage);
  });
  app.get('/api/traces/:id', async ({ params }, reply) => {
    const documents = await store.read('documents', { id: (params as { id: string }).id });
    if (documents === undefined) throw noSuchTrace();
    return reply.type('application/json').send(documents);
  });
  app.get('/api/graph', async ({ query }, reply) => {
    const { within, ...search } = query as Query;
    const range = { type: 'TraceId', ...rangeOf(search) } as const;
    return reply.type('application/json').send(await store.read('serviceGraph', { range, ...searchOf(search), maxMs: countOf('within', within) }));
  });
  app.get('/api/suggestions', async ({ query }) => {
    const { field = '', prefix = '' } = query as { field?: string; prefix?: string };
    return store.read('suggestions', { field, prefix });
  });
  app.get('/api/status', async (): Promise<Status> => {
    const [size, pinned] = await Promise.all([store.read('size', {}), store.read('pinned', { limit: MAX_PINNED })]);
    return { ...status(), ...config.account, ...size, pinned, maxBytes: store.maxBytes, file: store.file };
  });
  app.get('/api/sampling', async ({ query }): Promise<{ Rule: DecidingRule | null }> => {
    const { name = '', type = '', host = '', method = '', path = '' } = query as Readonly<Record<string, string>>;
    const asked = { serviceName: name, serviceType: type, host, method, path };
    const rule = ruleFor(sampling.rulesOfAws, asked);
    return { Rule: rule === undefined ? null : { RuleName: rule.RuleName, ReservoirSize: rule.ReservoirSize, FixedRate: rule.FixedRate } };
  });
  app.post('/api/sample', async () => {
    const { traceId, documents } = sample();
    await backend.put(
      documents.map((text) => Buffer.from(text)),
      { isImport: false },
    );
    return { TraceId: traceId };
  });
}

interface Query {
  readonly filter?: string;
  /** Words, each of which the traces have. */
  readonly text?: string;
  readonly after?: string;
  readonly limit?: string;
  readonly sort?: string;
  readonly totals?: string;
  readonly skip?: string;
  readonly ranking?: string;
  readonly find?: string;
  readonly all?: string;
  /** ms. */
  readonly within?: string;
  /** Of the start, in seconds since the epoch. */
  readonly from?: string;
  readonly to?: string;
}

/** Without an end all, also what says that it is of the year 56,000: its times are milliseconds. */
function rangeOf({ from, to }: Query): Pick<Range, 'start' | 'end'> {
  return { start: numberOf('from', from) ?? -1, end: numberOf('to', to) ?? Number.MAX_VALUE };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw invalid(`${name} is a number of 0 or more, not "${text.slice(0, 40)}"`);
  return number;
}

/** From 0 on. */
function positionOf(name: string, text: string | undefined): number {
  if (text === undefined || /^\d{0,15}$/.test(text)) return Number(text ?? 0);
  throw invalid(`${name} is a whole number of 0 or more, not "${text.slice(0, 40)}"`);
}

function cursorOf(text: string | undefined): { row: number; time: number } | undefined {
  if (text === undefined || text === '') return undefined;
  const [, row, time] = /^(\d+):([^:]+)$/.exec(text) ?? [];
  const cursor = { row: Number(row), time: Number(time) };
  if (!Number.isSafeInteger(cursor.row) || !Number.isFinite(cursor.time)) throw invalid('after is what next of the page before was');
  return cursor;
}

/** undefined without one: newest first, as they are found. */
function orderOf(text: string | undefined): Order | undefined {
  if (text === undefined || text === '') return undefined;
  const isDescending = text.startsWith('-');
  const key = text.slice(isDescending ? 1 : 0);
  if (isSortKey(key)) return { key, isDescending };
  throw invalid(`sort is one of ${SORT_KEYS.join(', ')}, with - before it for the greatest first, not "${text.slice(0, 40)}"`);
}

function isSortKey(text: string): text is SortKey {
  return SORT_KEYS.some((key) => key === text);
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function flagOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'true' || text === 'false') return text === 'true';
  throw invalid(`${name} is true or false, not "${text.slice(0, 40)}"`);
}

function orderCursorOf(text: string | undefined): OrderCursor | undefined {
  if (text === undefined || text === '') return undefined;
  const [, row, at, json] = /^(\d+):([\d.]+):(.+)$/s.exec(text) ?? [];
  const value = parsed(json);
  const cursor = { row: Number(row), at: Number(at) };
  if (Number.isSafeInteger(cursor.row) && Number.isFinite(cursor.at) && (typeof value === 'string' || typeof value === 'number')) {
    return { ...cursor, value };
  }
  throw invalid('after is what next of the page before was');
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}
