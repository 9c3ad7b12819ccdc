import { ruleFor } from '../sampling/rule.ts';
import { textOf } from '../json/json.ts';
import * as Type from './type.ts';
import { invalid, noSuchTrace } from './api-error.ts';
import type { DocumentsIntake } from './documents-intake.ts';
import type { XRayBackend } from './backend.ts';
import { cursorAt, isRow, placeOf, traceCursorOf } from './cursor.ts';
import type { ApiServer } from './operation.ts';
import type { Order, OrderedRequest, Selection } from '../query/ranking.ts';
import {
  countOf,
  flagOf,
  numberOf,
  orderOf,
  positionOf,
  OneTrace,
  traceIdOf,
  rangeOf,
  Search,
  Text,
} from './query-string.ts';
import type { DocumentFormat } from '../pipeline/segment.ts';
import type { DecidingRule, RowChanges, RowsPage, Status } from './page-types.ts';

/** What the page shows of the process that it talks to. */
export type ProcessStatus = Pick<Status, 'version' | 'address' | 'received' | 'lost'>;

export interface PageDeps {
  readonly backend: XRayBackend;
  readonly intake: DocumentsIntake;
  readonly status: () => ProcessStatus;
  /** Documents of a new sample trace. */
  readonly sample: () => { traceId: string; documents: readonly { format: DocumentFormat; body: Buffer }[] };
}

const MAX_ROWS = 1_000;
/** People pin by hand; if more traces are pinned, only the newest are listed. */
const MAX_PINNED = 1_000;

const TraceRows = Type.Object({ ...Search, after: Text, limit: Text, sort: Text, totals: Text });
const Window = Type.Object({ ...Search, limit: Text, sort: Text, skip: Text, ranking: Text, find: Text });
const Overview = Type.Object({ ...Search, all: Text });
/** `within` is in milliseconds. */
const Graph = Type.Object({ ...Search, within: Text });
const SampledRequest = Type.Object({ name: Text, type: Text, host: Text, method: Text, path: Text });

/** What the page reads in addition to X-Ray's operations; page-types.ts has the responses. */
export function addPageRoutes(app: ApiServer, { backend, intake, status, sample }: PageDeps): void {
  const { store, groups, config, sampling } = backend;
  const rowsOf = async (selection: Selection, after: string | undefined, limit: number): Promise<Rows> => {
    const question = ['rows'];
    const place = cursorOf(after, (text) => traceCursorOf(text, question));
    const { rows, next } = await store.read('rows', { ...selection, after: place, limit });
    return { rows, next: next === undefined ? null : cursorAt([next.row, next.time], question) };
  };
  const orderedRowsOf = async (
    request: Omit<OrderedRequest, 'after' | 'limit'>,
    after: string | undefined,
    limit: number,
  ): Promise<Rows> => {
    const { key, isDescending } = request.order;
    const question = ['orderedRows', key, isDescending];
    const place = cursorOf(after, (text) => {
      const [row, at, value, ...others] = placeOf(text, question) ?? [];
      return isRow(row) && typeof at === 'number' && value !== undefined && others.length === 0
        ? { row, at, value }
        : undefined;
    });
    const { rows, next } = await store.read('orderedRows', { ...request, after: place, limit });
    return { rows, next: next === undefined ? null : cursorAt([next.row, next.at, next.value], question) };
  };
  app.get('/api/traces', { schema: { querystring: TraceRows } }, async ({ query }, reply) => {
    const { after, limit, sort, totals, ...search } = query;
    const selection = { ...rangeOf(search), ...groups.searchOf(search) };
    const most = Math.min(countOf('limit', limit) ?? 200, MAX_ROWS);
    const order = orderOf(sort);
    const hasTotals = flagOf('totals', totals);
    const page =
      order === undefined
        ? await rowsOf(selection, after, most)
        : await orderedRowsOf({ ...selection, order }, after, most);
    const facts = { next: page.next, ...(hasTotals ? { totals: await store.read('totals', selection) } : {}) };
    return reply.type('application/json').send(`{"rows":${page.rows},${JSON.stringify(facts).slice(1)}`);
  });
  app.get('/api/window', { schema: { querystring: Window } }, async ({ query }, reply) => {
    const { sort, skip, limit, ranking, find, ...search } = query;
    const order: Order = orderOf(sort) ?? { key: 'start', isDescending: true };
    const most = Math.min(countOf('limit', limit) ?? 200, MAX_ROWS);
    const request = {
      ...rangeOf(search),
      ...groups.searchOf(search),
      order,
      skip: positionOf('skip', skip),
      limit: most,
    };
    return reply
      .type('application/json')
      .send(await store.read('window', { ...request, ranking: textOf(ranking), find: textOf(find) }));
  });
  app.get('/api/overview', { schema: { querystring: Overview } }, async ({ query }, reply) => {
    const { all, ...search } = query;
    const chosen = { from: numberOf('from', search.from), to: numberOf('to', search.to), isAll: flagOf('all', all) };
    return reply
      .type('application/json')
      .send(await store.read('overview', { ...rangeOf(search), ...groups.searchOf(search), chosen }));
  });
  app.get('/api/row', { schema: { querystring: Type.Object({ row: Text }) } }, async ({ query: { row } }, reply) => {
    return reply.type('application/json').send(await store.read('rowAt', { row: positionOf('row', row) }));
  });
  app.get('/api/pinned', { schema: { querystring: Type.Object(Search) } }, async ({ query: search }, reply) => {
    const { start, end } = rangeOf(search);
    const ids = await store.read('pinned', { limit: MAX_PINNED });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reading thread writes RowChanges
    const { rows } = JSON.parse(
      await store.read('rowsOf', { ids, ...groups.searchOf(search), hasUnsampled: true }),
    ) as RowChanges;
    const found = rows.filter((row) => row.start >= start && row.start < end).toSorted((a, b) => b.start - a.start);
    return reply.send({ rows: found, next: null } satisfies RowsPage);
  });
  app.get('/api/traces/:id', { schema: { params: OneTrace } }, async ({ params }, reply) => {
    const documents = await store.read('documents', { id: traceIdOf(params) });
    if (documents === undefined) throw noSuchTrace();
    return reply.type('application/json').send(documents);
  });
  app.get('/api/traces/:id/graph', { schema: { params: OneTrace } }, async ({ params }, reply) => {
    const services = await store.read('traceGraph', { id: traceIdOf(params), hasBalancers: true });
    if (services === undefined) throw noSuchTrace();
    return reply.type('application/json').send(`{"Services":${services}}`);
  });
  app.get('/api/graph', { schema: { querystring: Graph } }, async ({ query }, reply) => {
    const { within, ...search } = query;
    const range = { type: 'TraceId', ...rangeOf(search) } as const;
    return reply.type('application/json').send(
      await store.read('serviceGraph', {
        range,
        ...groups.searchOf(search),
        maxMs: countOf('within', within),
        hasBalancers: true,
      }),
    );
  });
  app.get(
    '/api/suggestions',
    { schema: { querystring: Type.Object({ field: Text, prefix: Text }) } },
    async ({ query }) => {
      const { field = '', prefix = '' } = query;
      return store.read('suggestions', { field, prefix });
    },
  );
  app.get('/api/status', async (): Promise<Status> => {
    const [size, pinned] = await Promise.all([store.read('size', {}), store.read('pinned', { limit: MAX_PINNED })]);
    return { ...status(), ...config.account, ...size, pinned, maxBytes: store.maxBytes, file: store.file };
  });
  app.get(
    '/api/sampling',
    { schema: { querystring: SampledRequest } },
    async ({ query }): Promise<{ Rule: DecidingRule | null }> => {
      const { name = '', type = '', host = '', method = '', path = '' } = query;
      const asked = { serviceName: name, serviceType: type, host, method, path };
      const rule = ruleFor(sampling.rulesOfAws, asked);
      return {
        Rule:
          rule === undefined
            ? null
            : { RuleName: rule.RuleName, ReservoirSize: rule.ReservoirSize, FixedRate: rule.FixedRate },
      };
    },
  );
  app.post('/api/sample', async () => {
    const { traceId, documents } = sample();
    await Promise.all(documents.map(({ format, body }) => intake.put([body], format)));
    return { TraceId: traceId };
  });
}

interface Rows {
  /** JSON. */
  readonly rows: string;
  readonly next: string | null;
}

/** Throws InvalidRequestException if `after` is not a cursor of this list. */
function cursorOf<C>(after: string | undefined, read: (text: string) => C | undefined): C | undefined {
  if (after === undefined || after === '') return undefined;
  const cursor = read(after);
  if (cursor === undefined) throw invalid('after must be `next` of the previous page');
  return cursor;
}
