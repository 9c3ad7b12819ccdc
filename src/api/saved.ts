import type { Store } from '../threads/store.ts';
import type { Answer } from './operation.ts';

/**
 * The settings of the account, stored with the traces. There is one writer: changes run one after the other, each on
 * the result of the previous one. A change is written to disk as a whole or not at all, before anybody sees it.
 */
export class Settings {
  readonly #store: Pick<Store, 'write'>;
  readonly #texts: Readonly<Record<string, string>>;
  /** Values set by the running change; undefined between changes. */
  #staged: Map<Saved<unknown>, unknown> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<Store, 'write'>, texts: Readonly<Record<string, string>>) {
    this.#store = store;
    this.#texts = texts;
  }

  /** A value that persists in the file. Throws an Error if what the file has is not JSON. */
  value<T>(name: string, initial: T): Saved<T> {
    const text = this.#texts[name];
    const stage: Stage = {
      get: (saved, committed) => (this.#staged?.has(saved) === true ? this.#staged.get(saved) : committed),
      set: (saved, value) => {
        if (this.#staged === undefined) throw new Error(`${name} was set outside of a change`);
        this.#staged.set(saved, value);
      },
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `change` wrote it as a T
    return new Saved(name, text === undefined ? initial : (JSON.parse(text) as T), stage);
  }

  /**
   * Runs `work` when all changes before it are done, and resolves with its result when what it set is on disk. `work`
   * returns no promise: nothing can come between what it reads and what it sets. Rejects with what `work` throws, or
   * with StoreFullError; then nothing is changed.
   */
  change<R extends Answer>(work: () => R): Promise<R> {
    const done = this.#last.then(() => this.#apply(work));
    this.#last = done.catch(() => {});
    return done;
  }

  async #apply<R>(work: () => R): Promise<R> {
    const staged = new Map<Saved<unknown>, unknown>();
    let result: R;
    this.#staged = staged;
    try {
      result = work();
    } finally {
      this.#staged = undefined;
    }
    const values = Object.fromEntries([...staged].map(([saved, value]) => [saved.name, JSON.stringify(value)]));
    if (staged.size > 0) await this.#store.write('save', { values });
    for (const [saved, value] of staged) saved.commit(value);
    return result;
  }
}

interface Stage {
  readonly get: (saved: Saved<unknown>, committed: unknown) => unknown;
  readonly set: (saved: Saved<unknown>, value: unknown) => void;
}

export class Saved<T> {
  readonly name: string;
  #committed: T;
  readonly #stage: Stage;

  constructor(name: string, value: T, stage: Stage) {
    this.name = name;
    this.#committed = value;
    this.#stage = stage;
  }

  /** The value on disk; within a change, the value that the change has set. */
  get value(): T {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the stage returns what `set` or `commit` gave it
    return this.#stage.get(this, this.#committed) as T;
  }

  /** Only within a change; throws elsewhere. */
  set(value: T): void {
    this.#stage.set(this, value);
  }

  /** For Settings: `value` is on disk. */
  commit(value: unknown): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Settings commits what `set` staged
    this.#committed = value as T;
  }
}
