import { createHash } from 'node:crypto';
import * as Type from './type.ts';
import { double } from '../json/aws-json.ts';
import { arrayOf, member, objectOf } from '../json/json.ts';
import { serviceMembers } from '../trace/members.ts';
import { QUIET_MINUTES, type Impact, type Insight, type InsightEvent } from '../query/insights.ts';
import type { Store } from '../threads/store.ts';
import { keyOf } from '../trace/service-id.ts';
import { invalid } from './api-error.ts';
import { invalidToken, pageOf } from './cursor.ts';
import type { Group, Groups } from './groups.ts';
import { checkOrder, GroupReference, integer, oneOf, TimeRange } from './members.ts';
import { reads, type Operations } from './operation.ts';

interface Known {
  readonly group: Group;
  readonly insight: Insight;
}

export interface InsightsDeps {
  readonly groups: Groups;
  readonly store: Pick<Store, 'read'>;
  /** In seconds since the epoch. */
  readonly now: () => number;
}

const PAGE = 100;
/** How far back an insight is searched for by its ID alone. */
const LOOK_BACK_SECONDS = 6 * 3_600;

/** Longer than other tokens. */
const NextToken = Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 }));
const Reference = {
  InsightId: Type.String({
    pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$',
  }),
};
const Summaries = Type.Object({
  States: Type.Optional(Type.Array(oneOf('ACTIVE', 'CLOSED'), { maxItems: 1 })),
  GroupARN: GroupReference.GroupARN,
  GroupName: GroupReference.GroupName,
  ...TimeRange,
  MaxResults: Type.Optional(integer(1, 100)),
  NextToken,
});
const Events = Type.Object({ ...Reference, MaxResults: Type.Optional(integer(1, 50)), NextToken });
const ImpactGraph = Type.Object({ ...Reference, ...TimeRange, NextToken });

/** Insights by xrayd's own rule (src/query/insights.ts); each summary says so. */
export function insightOperations(deps: InsightsDeps) {
  return {
    GetInsightSummaries: reads(Summaries, async (body) => summaries(deps, body)),
    GetInsight: reads(Type.Object(Reference), async ({ InsightId }) => ({
      Insight: insightMembers(await find(deps, InsightId)),
    })),
    GetInsightEvents: reads(Events, async (body) => {
      const { insight } = await find(deps, body.InsightId);
      const events = insight.events.map((event) => eventMembers(event, insight));
      const { items, NextToken: next } = pageOf(events, { ...body, most: 50, question: ['events', body.InsightId] });
      return { InsightEvents: items, NextToken: next };
    }),
    GetInsightImpactGraph: reads(ImpactGraph, async (body) => impactGraph(deps, body)),
  } satisfies Partial<Operations>;
}

async function summaries(deps: InsightsDeps, body: Type.Static<typeof Summaries>): Promise<object> {
  const { StartTime: start, EndTime: end, States: [state] = [] } = body;
  checkOrder(body);
  const { groups } = deps;
  groups.filterOf(body);
  const named = groups.all.find(
    ({ GroupName, GroupARN }) => GroupName === body.GroupName || GroupARN === body.GroupARN,
  );
  const found = await insightsIn(deps, named ?? groups.default, start, end);
  const members = found
    .filter(({ insight }) => state === undefined || stateOf(insight) === state)
    .map((known) => ({ ...insightMembers(known), LastUpdateTime: double(known.insight.lastUpdate) }));
  const { items, NextToken: next } = pageOf(members, {
    ...body,
    most: PAGE,
    question: ['insights', body.GroupName, body.GroupARN, state],
  });
  return { InsightSummaries: items, NextToken: next };
}

async function insightsIn(
  { groups, store, now }: InsightsDeps,
  group: Group,
  start: number,
  end: number,
): Promise<Known[]> {
  const { filter } = groups.filterOf({ GroupARN: group.GroupARN });
  const insights = await store.read('insights', { start, end, now: now(), filter });
  return insights.map((insight) => ({ group, insight }));
}

async function find(deps: InsightsDeps, id: string): Promise<Known> {
  const end = deps.now() + 60;
  for (const group of deps.groups.all) {
    const known = (await insightsIn(deps, group, end - LOOK_BACK_SECONDS, end)).find((each) => idOf(each) === id);
    if (known !== undefined) return known;
  }
  throw invalid('Insight not found');
}

/** Derived from service, group and minute, because insights are not stored. */
function idOf({ group, insight }: Known): string {
  const hex = createHash('sha256')
    .update(`${group.GroupARN}\n${keyOf(insight.service)}\n${insight.start}`)
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

function stateOf({ end }: Insight): string {
  return end === undefined ? 'ACTIVE' : 'CLOSED';
}

function insightMembers(known: Known): object {
  const { group, insight } = known;
  return {
    InsightId: idOf(known),
    GroupARN: group.GroupARN,
    GroupName: group.GroupName,
    RootCauseServiceId: serviceMembers(insight.service),
    Categories: ['FAULT'],
    State: stateOf(insight),
    StartTime: double(insight.start),
    EndTime: double(insight.end),
    Summary: `${sentence(insight, insight.requests)} Found by xrayd's own rule, which is not that of AWS.`,
    ClientRequestImpactStatistics: impactMembers(insight.client),
    RootCauseServiceRequestImpactStatistics: impactMembers(insight.requests),
    TopAnomalousServices: insight.affected.map((service) => ({ ServiceId: serviceMembers(service) })),
  };
}

function eventMembers({ at, service, client }: InsightEvent, insight: Insight): object {
  return {
    Summary: sentence(insight, service),
    EventTime: double(at),
    ClientRequestImpactStatistics: impactMembers(client),
    RootCauseServiceRequestImpactStatistics: impactMembers(service),
    TopAnomalousServices: insight.affected.map((each) => ({ ServiceId: serviceMembers(each) })),
  };
}

function sentence({ service }: Insight, { faults, total }: Impact): string {
  return `${service.name}: ${faults} of ${total} requests were faults, more than usual.`;
}

function impactMembers({ total, faults }: Impact): object {
  return { FaultCount: faults, OkCount: total - faults, TotalCount: total };
}

/** The services that the failed requests passed through, without statistics, as in AWS. */
async function impactGraph(deps: InsightsDeps, body: Type.Static<typeof ImpactGraph>): Promise<object> {
  const { InsightId, StartTime: from, EndTime: to, NextToken: token } = body;
  checkOrder(body);
  if (to - from > LOOK_BACK_SECONDS) throw invalid('Time range cannot be longer than 6 hours');
  const known = await find(deps, InsightId);
  if (token !== undefined) throw invalidToken(token);
  const { insight, group } = known;
  const start = Math.max(from, insight.start);
  const end = Math.min(to, insight.lastUpdate + QUIET_MINUTES * 60);
  const failed = deps.groups.parse(`service(${JSON.stringify(insight.service.name)}) { fault }`);
  const { filter } = deps.groups.filterOf({ GroupARN: group.GroupARN });
  const both = filter === undefined ? failed : ({ kind: 'and', of: [filter, failed] } as const);
  const graph: unknown = JSON.parse(
    await deps.store.read('serviceGraph', { range: { type: 'Event', start, end }, filter: both }),
  );
  const services = arrayOf(member(graph, 'Services')).map(objectOf);
  return {
    InsightId: idOf(known),
    StartTime: double(from),
    EndTime: double(to),
    ServiceGraphStartTime: double(start),
    ServiceGraphEndTime: double(end),
    Services: services.map(({ ReferenceId, Type, Name, Names, AccountId, Edges }) => ({
      ReferenceId,
      Type,
      Name,
      Names,
      AccountId,
      Edges: arrayOf(Edges).map((edge) => ({ ReferenceId: member(edge, 'ReferenceId') })),
    })),
    NextToken: null,
  };
}
