import { double } from '../json/aws-json.ts';
import { numberOf, objectOf, textOf } from '../json/json.ts';
import type { SamplingRule } from './rule.ts';

/** AWS raises a rate for up to a minute. Source: CloudWatch user guide, adaptive sampling. */
const BOOST_SECONDS = 60;

interface Boost {
  readonly rate: number;
  /** When it was granted, in seconds of the monotonic clock. */
  readonly since: number;
  /** When it ends, in seconds since the epoch. */
  readonly ttl: number;
}

interface Times {
  readonly now: number;
  readonly steadyNow: number;
}

/**
 * Adaptive sampling: raises the rate of rules with a `SamplingRateBoost` while clients report anomalies that they did
 * not sample. AWS does not publish its formula. Here the rate is the one at which one of the reported anomalies is
 * expected to be sampled, between FixedRate and MaxRate. It holds for a minute and for every client of the rule, because
 * the root service decides and the services behind it see the anomalies. The next boost comes after the cooldown, counted
 * from the start of the last one.
 */
export class Boosts {
  readonly #boosts = new Map<string, Boost>();

  /** Takes the boost statistics of one call, which have passed X-Ray's model. */
  report(documents: readonly unknown[], rules: readonly SamplingRule[], { now, steadyNow }: Times): void {
    for (const name of this.#boosts.keys())
      if (!rules.some(({ RuleName }) => RuleName === name)) this.#boosts.delete(name);
    const anomalies = new Map<string, { all: number; unsampled: number }>();
    for (const { RuleName, AnomalyCount, SampledAnomalyCount } of documents.map(objectOf)) {
      const name = textOf(RuleName);
      if (name === undefined) continue;
      const sum = anomalies.get(name) ?? { all: 0, unsampled: 0 };
      const count = countOf(AnomalyCount);
      sum.all += count;
      sum.unsampled += Math.max(0, count - countOf(SampledAnomalyCount));
      anomalies.set(name, sum);
    }
    for (const { RuleName, FixedRate, SamplingRateBoost: boost } of rules) {
      const { all, unsampled } = anomalies.get(RuleName) ?? { all: 0, unsampled: 0 };
      if (boost === undefined || unsampled === 0 || boost.MaxRate <= FixedRate) continue;
      const last = this.#boosts.get(RuleName);
      if (last !== undefined && steadyNow - last.since < boost.CooldownWindowMinutes * 60) continue;
      const rate = Math.min(boost.MaxRate, Math.max(FixedRate, 1 / all));
      this.#boosts.set(RuleName, { rate, since: steadyNow, ttl: Math.floor(now) + BOOST_SECONDS });
    }
  }

  /** The member of a target that tells a client of a boost; nothing without one. */
  memberOf({ RuleName, SamplingRateBoost: boost }: SamplingRule, steadyNow: number): object {
    const granted = this.#boosts.get(RuleName);
    if (boost === undefined || granted === undefined || steadyNow - granted.since >= BOOST_SECONDS) return {};
    const { rate, ttl } = granted;
    return { SamplingBoost: { BoostRate: double(Math.min(rate, boost.MaxRate)), BoostRateTTL: double(ttl) } };
  }
}

/** Negative numbers count as 0. */
function countOf(value: unknown): number {
  return Math.max(0, Math.trunc(numberOf(value) ?? 0));
}
