import { double } from '../json/aws-json.ts';
import { arrayOf, numberOf, objectOf, textOf } from '../json/json.ts';
import { Boosts } from './boost.ts';
import { inOrder, type SamplingRule } from './rule.ts';

/**
 * AWS grants quotas for 5 minutes, asks for statistics every 10 s, and sums them in windows of 10 s. Source: X-Ray
 * developer guide, sampling.
 */
const QUOTA_SECONDS = 300;
const INTERVAL_SECONDS = 10;
/** A client that has not reported for this long loses its share of the reservoir. */
const CLIENT_SECONDS = 60;
/** Limit of remembered clients, against hostile ones. */
const MAX_CLIENTS = 10_000;
/** One document per rule makes 26; X-Ray's model has 25. */
const MAX_DOCUMENTS = 100;
/** X-Ray's client IDs have 24 characters. */
const MAX_CLIENT_ID = 64;

interface Window {
  readonly start: number;
  requests: number;
  sampled: number;
  borrowed: number;
}

/** The current time: in seconds since the epoch, and on the monotonic clock. */
interface Times {
  readonly now: number;
  readonly steadyNow: number;
}

interface RuleState {
  /** When each client last reported, in seconds of the monotonic clock. */
  readonly clients: Map<string, number>;
  open: Window | undefined;
  closed: Window | undefined;
}

/**
 * The sampling statistics that clients report, and their shares of each rule's reservoir. Times are in seconds since
 * the epoch.
 */
export class SamplingTargets {
  readonly #states = new Map<string, RuleState>();
  readonly #boosts = new Boosts();

  /**
   * GetSamplingTargets. Accepts all forms of statistics: Java's time is in milliseconds, ADOT writes SampleCount.
   * A client gets a quota from the second window on; until then it borrows.
   */
  answer(body: unknown, rules: readonly SamplingRule[], lastModification: number, { now, steadyNow }: Times): object {
    const targets: object[] = [];
    const unprocessed: object[] = [];
    const boostDocuments = documentsOf(body, 'SamplingBoostStatisticsDocuments');
    this.#boosts.report(boostDocuments, rules, { now, steadyNow });
    for (const document of documentsOf(body, 'SamplingStatisticsDocuments')) {
      const { RuleName, ClientID, RequestCount, SampledCount, SampleCount, BorrowCount } = objectOf(document);
      const rule = rules.find((each) => each.RuleName === RuleName);
      if (rule === undefined) {
        unprocessed.push({ RuleName: shortened(RuleName), ErrorCode: '400', Message: 'Unknown rule' });
        continue;
      }
      const state = this.#report(rule.RuleName, clientOf(ClientID), steadyNow, rules);
      const window = openWindow(state, now);
      window.requests += countOf(RequestCount) ?? 0;
      window.sampled += countOf(SampledCount) ?? countOf(SampleCount) ?? 0;
      window.borrowed += countOf(BorrowCount) ?? 0;
      targets.push({
        RuleName: rule.RuleName,
        FixedRate: double(rule.FixedRate),
        ...quotaOf(rule, state, clientOf(ClientID), now),
        ...this.#boosts.memberOf(rule, steadyNow),
      });
    }
    const boosts = boostDocuments
      .map(objectOf)
      .filter(({ RuleName }) => !rules.some((rule) => rule.RuleName === RuleName))
      .map(({ RuleName }) => ({ RuleName: shortened(RuleName), ErrorCode: '400', Message: 'Unknown rule' }));
    return {
      SamplingTargetDocuments: targets,
      LastRuleModification: double(lastModification),
      UnprocessedStatistics: unprocessed,
      UnprocessedBoostStatistics: boosts,
    };
  }

  /** GetSamplingStatisticSummaries: the last closed window of each rule. */
  summaries(rules: readonly SamplingRule[], now: number): object[] {
    return inOrder(rules).flatMap(({ RuleName }) => {
      const state = this.#states.get(RuleName);
      if (state === undefined) return [];
      openWindow(state, now);
      const { closed } = state;
      if (closed === undefined) return [];
      const { requests, sampled, borrowed } = closed;
      const counts = { RequestCount: int32(requests), SampledCount: int32(sampled), BorrowCount: int32(borrowed) };
      return [{ RuleName, Timestamp: double(closed.start), ...counts }];
    });
  }

  #report(rule: string, client: string, steadyNow: number, rules: readonly SamplingRule[]): RuleState {
    let state = this.#states.get(rule);
    if (state === undefined) {
      // Clients may create any number of rules over time, but not at once: forget those that no longer exist.
      for (const known of this.#states.keys())
        if (!rules.some(({ RuleName }) => RuleName === known)) this.#states.delete(known);
      state = { clients: new Map(), open: undefined, closed: undefined };
      this.#states.set(rule, state);
    }
    // The reporting client moves to the end, so that those that have not reported for longest are first.
    state.clients.delete(client);
    for (const [id, lastSeen] of state.clients) {
      if (steadyNow - lastSeen <= CLIENT_SECONDS) break;
      state.clients.delete(id);
    }
    if (state.clients.size < MAX_CLIENTS) state.clients.set(client, steadyNow);
    return state;
  }
}

/** Clients may report any number; AWS's model has 32-bit integers, and SDKs cannot read larger ones. */
function int32(count: number): number {
  return Math.min(count, 2 ** 31 - 1);
}

/** Ignores further documents; no real client has as many rules. */
function documentsOf(body: unknown, name: string): readonly unknown[] {
  return arrayOf(objectOf(body)[name]).slice(0, MAX_DOCUMENTS);
}

/** Longer IDs are not real: they all count as one client. */
function clientOf(id: unknown): string {
  const text = textOf(id) ?? '';
  return text.length > MAX_CLIENT_ID ? '' : text.toLowerCase();
}

function shortened(name: unknown): string | null {
  return textOf(name)?.slice(0, MAX_CLIENT_ID) ?? null;
}

/** A whole number from a client; negative numbers count as 0. */
function countOf(value: unknown): number | undefined {
  const count = numberOf(value);
  return count === undefined ? undefined : Math.max(0, Math.trunc(count));
}

/** Windows are shown with their dates, so they use the wall clock. Setting the clock only ends the open window. */
function openWindow(state: RuleState, now: number): Window {
  const start = Math.floor(now / INTERVAL_SECONDS) * INTERVAL_SECONDS;
  if (state.open === undefined || state.open.start !== start) {
    state.closed = state.open ?? state.closed;
    state.open = { start, requests: 0, sampled: 0, borrowed: 0 };
  }
  return state.open;
}

/** Each client's share of the reservoir, in whole requests per second; the shares add up to the reservoir. */
function quotaOf({ ReservoirSize }: SamplingRule, { clients, closed }: RuleState, client: string, now: number): object {
  if (closed === undefined) return { ReservoirQuota: null, ReservoirQuotaTTL: null, Interval: null };
  let position = 0;
  for (const other of clients.keys()) if (other < client) position++;
  const share = Math.floor(ReservoirSize / clients.size) + (position < ReservoirSize % clients.size ? 1 : 0);
  return {
    ReservoirQuota: share,
    ReservoirQuotaTTL: double(Math.floor(now) + QUOTA_SECONDS),
    Interval: INTERVAL_SECONDS,
  };
}
