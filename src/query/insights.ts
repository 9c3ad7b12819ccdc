import type { Expression } from '../filter/expression.ts';
import type { TraceSource } from './source.ts';
import type { Visit } from '../trace/map.ts';
import { keyOf, type ServiceId } from '../trace/service-id.ts';
import { TooMuchError } from './read-budget.ts';
import type { TraceView } from '../trace/trace-view.ts';
import { matching } from './trace-summaries.ts';

/** Requests, and how many of them were faults. */
export interface Impact {
  readonly total: number;
  readonly faults: number;
}

/** One minute of an insight. Times are in seconds since the epoch. */
export interface InsightEvent {
  readonly at: number;
  readonly service: Impact;
  readonly client: Impact;
}

/** A service that failed more than usual. */
export interface Insight {
  readonly service: ServiceId;
  readonly start: number;
  /** undefined while it is ongoing. */
  readonly end: number | undefined;
  readonly lastUpdate: number;
  readonly requests: Impact;
  readonly client: Impact;
  /** Services whose requests failed together with it, most faults first, including the service itself. */
  readonly affected: readonly ServiceId[];
  readonly events: readonly InsightEvent[];
}

export interface InsightsRequest {
  readonly start: number;
  readonly end: number;
  readonly now: number;
  readonly filter: Expression | undefined;
}

/**
 * xrayd's own rule, since AWS does not publish its rule. A minute of a service is anomalous with at least this many
 * faults of its own, this share of its requests, and this multiple of the previous hour's share. Anomalous minutes
 * closer than QUIET_MINUTES form one insight.
 */
const MIN_FAULTS = 5;
const MIN_RATE = 0.1;
const MIN_TIMES_BASELINE = 3;
const BASELINE_MINUTES = 60;
export const QUIET_MINUTES = 5;
const MAX_AFFECTED = 5;

/**
 * Limit of failed services that are counted for each other failed service, per trace and minute. Without it, a trace of
 * 5,000 failed services took 20 s and 1.2 GB.
 */
const MAX_FAILED_OF_TRACE = 50;
const MAX_AFFECTED_IN_MINUTE = 200;
/** Limit of the service minutes of one response, which take up to 50 MB. */
const MAX_MINUTES = 100_000;

interface Minute {
  total: number;
  faults: number;
  clientTotal: number;
  clientFaults: number;
  /** Services that failed together with it. */
  affected: Map<string, { service: ServiceId; faults: number }> | undefined;
}

interface Seen {
  readonly service: ServiceId;
  /** By whole minutes since the epoch. */
  readonly minutes: Map<number, Minute>;
}

interface Services {
  readonly byKey: Map<string, Seen>;
  /** Service minutes so far, and their limit. */
  minutes: number;
  readonly maxMinutes: number;
}

/** Insights that overlap the range, by time of receipt; newest first. Rejects with TooMuchError. */
export async function findInsights(
  reader: TraceSource,
  { start, end, now, filter }: InsightsRequest,
  maxMinutes = MAX_MINUTES,
): Promise<Insight[]> {
  const services: Services = { byKey: new Map(), minutes: 0, maxMinutes };
  const from = start - (BASELINE_MINUTES + QUIET_MINUTES) * 60;
  for await (const view of matching(reader, { type: 'Event', start: from, end }, { filter })) add(services, view);
  const insights = [...services.byKey.values()].flatMap((seen) => insightsOf(seen, now));
  return insights
    .filter((insight) => insight.start < end && (insight.end ?? now) >= start)
    .sort((a, b) => b.start - a.start || (keyOf(a.service) < keyOf(b.service) ? -1 : 1));
}

function add(services: Services, { map, root, trace }: TraceView): void {
  const minute = Math.floor(trace.receivedAt / 60);
  const failed = map.visits.filter(({ span }) => span.outcome.isFault).slice(0, MAX_FAILED_OF_TRACE);
  const explained = new Set(
    map.calls.filter(({ span, source }) => source !== undefined && span.outcome.isFault).map(({ source }) => source),
  );
  const counted = new Set<string>();
  for (const visit of map.visits) {
    const slot = minuteOf(services, visit.service, minute);
    const isOwn = visit.span.outcome.isFault && (visit.isInferred || !explained.has(visit.span));
    slot.total++;
    if (isOwn) {
      slot.faults++;
      addAffected(slot, failed.includes(visit) ? failed : [visit, ...failed]);
    }
    const key = keyOf(visit.service);
    if (counted.has(key) || root === undefined) continue;
    counted.add(key);
    slot.clientTotal++;
    if (root.outcome.isFault) slot.clientFaults++;
  }
}

function minuteOf(services: Services, service: ServiceId, at: number): Minute {
  const key = keyOf(service);
  let seen = services.byKey.get(key);
  if (seen === undefined) {
    seen = { service, minutes: new Map() };
    services.byKey.set(key, seen);
  }
  let minute = seen.minutes.get(at);
  if (minute === undefined) {
    if (++services.minutes > services.maxMinutes) {
      throw new TooMuchError(
        `There are more than ${services.maxMinutes} services and minutes in it. Ask for a shorter time; do names have ids in them?`,
      );
    }
    minute = { total: 0, faults: 0, clientTotal: 0, clientFaults: 0, affected: undefined };
    seen.minutes.set(at, minute);
  }
  return minute;
}

function addAffected(minute: Minute, failed: readonly Visit[]): void {
  const affected = (minute.affected ??= new Map());
  for (const { service } of failed) {
    const key = keyOf(service);
    const known = affected.get(key);
    if (known !== undefined) known.faults++;
    else if (affected.size < MAX_AFFECTED_IN_MINUTE) affected.set(key, { service, faults: 1 });
  }
}

function insightsOf({ service, minutes }: Seen, now: number): Insight[] {
  const runs: number[][] = [];
  const anomalous = new Set<number>();
  for (const at of [...minutes.keys()].sort((a, b) => a - b)) {
    if (!isAnomalous(minutes, anomalous, at)) continue;
    anomalous.add(at);
    const run = runs.at(-1);
    if (run !== undefined && at - run.at(-1)! <= QUIET_MINUTES) run.push(at);
    else runs.push([at]);
  }
  return runs.map((run) => insightOf(service, run, minutes, now));
}

/** Minutes that were anomalous themselves do not count as usual. */
function isAnomalous(minutes: ReadonlyMap<number, Minute>, anomalous: ReadonlySet<number>, at: number): boolean {
  const { total, faults } = minutes.get(at)!;
  if (faults < MIN_FAULTS || faults / total < MIN_RATE) return false;
  let usual = 0;
  let usualFaults = 0;
  for (let before = at - BASELINE_MINUTES; before < at; before++) {
    const minute = minutes.get(before);
    if (minute === undefined || anomalous.has(before)) continue;
    usual += minute.total;
    usualFaults += minute.faults;
  }
  return usual === 0 || faults / total >= MIN_TIMES_BASELINE * (usualFaults / usual);
}

function insightOf(
  service: ServiceId,
  run: readonly number[],
  minutes: ReadonlyMap<number, Minute>,
  now: number,
): Insight {
  const affected = new Map<string, { service: ServiceId; faults: number }>();
  const events = run.map((at): InsightEvent => {
    const minute = minutes.get(at)!;
    for (const [key, { service: other, faults }] of minute.affected ?? []) {
      affected.set(key, { service: other, faults: faults + (affected.get(key)?.faults ?? 0) });
    }
    return {
      at: at * 60,
      service: { total: minute.total, faults: minute.faults },
      client: { total: minute.clientTotal, faults: minute.clientFaults },
    };
  });
  const last = (run.at(-1)! + 1) * 60;
  return {
    service,
    start: run[0]! * 60,
    end: now < last + QUIET_MINUTES * 60 ? undefined : last,
    lastUpdate: Math.min(last, now),
    requests: sumOf(events.map((event) => event.service)),
    client: sumOf(events.map((event) => event.client)),
    affected: [...affected.values()]
      .sort((a, b) => b.faults - a.faults)
      .slice(0, MAX_AFFECTED)
      .map(({ service: other }) => other),
    events,
  };
}

function sumOf(impacts: readonly Impact[]): Impact {
  return {
    total: impacts.reduce((sum, { total }) => sum + total, 0),
    faults: impacts.reduce((sum, { faults }) => sum + faults, 0),
  };
}
