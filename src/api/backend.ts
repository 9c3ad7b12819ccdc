import type { Ingest } from '../threads/ingest.ts';
import type { LiveFeed } from './live.ts';
import type { DefaultSampling, SamplingRuleRecord } from '../sampling/rule-record.ts';
import type { Store } from '../threads/store.ts';
import type { Refusal } from '../trace/model.ts';
import { monotonicMs, wallClockMs } from '../pipeline/clock.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { accountOperations, INITIAL_ACCOUNT } from './account-settings.ts';
import type { Account } from './account.ts';
import { Groups, type Group } from './groups.ts';
import { insightOperations } from './insights.ts';
import type { Tag } from './members.ts';
import type { Answer, Operations } from './operation.ts';
import { retrievalOperations } from './retrieval.ts';
import { Sampling } from './sampling.ts';
import { Settings } from './saved.ts';
import { Tags } from './tags.ts';
import { traceOperations } from './traces.ts';

export interface XRayBackendConfig {
  readonly account: Account;
  readonly defaultSampling: DefaultSampling;
}

export interface XRayBackendDeps {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly feed: LiveFeed;
}

interface Parts {
  readonly settings: Settings;
  readonly groups: Groups;
  readonly sampling: Sampling;
  readonly operations: Operations;
}

/** X-Ray itself: its operations over the store, with what an account has set. */
export class XRayBackend {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly feed: LiveFeed;
  readonly config: XRayBackendConfig;
  readonly #deps: XRayBackendDeps;
  #parts: Parts | undefined;

  constructor(config: XRayBackendConfig, deps: XRayBackendDeps) {
    this.config = config;
    this.#deps = deps;
    this.store = deps.store;
    this.ingest = deps.ingest;
    this.feed = deps.feed;
  }

  /** Reads the settings from the store, which has to be open. Rejects with XRAYD_STORE if they cannot be used. */
  async open(): Promise<void> {
    try {
      this.#parts = this.#partsOf(await this.#deps.store.write('settings', {}));
    } catch (error) {
      throw new XraydError(
        'XRAYD_STORE',
        `cannot use the settings in ${this.#deps.store.file || 'the trace store'}: ${messageOf(error)}. Move the file away, or choose another one with --data`,
        { cause: error },
      );
    }
  }

  #partsOf(texts: Readonly<Record<string, string>>): Parts {
    const { account, defaultSampling } = this.config;
    const { store } = this.#deps;
    const settings = new Settings(store, texts);
    const now = (): number => wallClockMs() / 1000;
    const steadyNow = (): number => monotonicMs() / 1000;
    const isKnown = (arn: string): boolean =>
      groups.all.some(({ GroupARN }) => GroupARN === arn) ||
      sampling.records.some(({ SamplingRule }) => SamplingRule.RuleARN === arn);
    const tags = new Tags(settings.value<Record<string, Tag[]>>('tags', {}), isKnown);
    const groups = new Groups(account, settings.value<readonly Group[]>('groups', []), tags);
    const saved = settings.value<readonly SamplingRuleRecord[]>('samplingRules', []);
    const lastModified = Math.max(0, ...saved.value.map(({ ModifiedAt }) => ModifiedAt));
    const modifiedAt = settings.value('samplingRulesModifiedAt', lastModified);
    const sampling = new Sampling({ account, defaultSampling }, { saved, modifiedAt, tags, now, steadyNow });
    return {
      settings,
      groups,
      sampling,
      operations: {
        ...traceOperations({ store, groups }),
        ...sampling.operations(),
        ...groups.operations(),
        ...insightOperations({ groups, store, now }),
        ...tags.operations(),
        ...accountOperations(settings.value('account', INITIAL_ACCOUNT), now),
        ...retrievalOperations(store, steadyNow),
      },
    };
  }

  get groups(): Groups {
    return this.#opened.groups;
  }

  get sampling(): Sampling {
    return this.#opened.sampling;
  }

  get operations(): Operations {
    return this.#opened.operations;
  }

  /** Runs a change of settings: see Settings.change. */
  change(work: () => Answer): Promise<Answer> {
    return this.#opened.settings.change(work);
  }

  /**
   * Stores imported documents, which are not counted as received, and go nowhere else; resolves with those that X-Ray
   * would refuse. The memory of the documents is read until then.
   */
  async import(documents: readonly Uint8Array[]): Promise<readonly Refusal[]> {
    const { refused } = await this.ingest.put(documents, { receivedAtMs: wallClockMs(), isImport: true });
    return refused;
  }

  get #opened(): Parts {
    if (this.#parts === undefined) throw new Error('the local X-Ray is not open');
    return this.#parts;
  }
}
