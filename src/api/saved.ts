import type { Store } from '../threads/store.ts';
import type { Answer } from './operation.ts';

/**
 * What an account has set, kept with the traces. There is one writer: changes run one after the other, each from what the one before left, and each
 * is on disk as a whole, or not at all, before it is seen or answered.
 */
export class Settings {
  readonly #store: Pick<Store, 'write'>;
  readonly #texts: Readonly<Record<string, string>>;
  /** Of the change that runs; undefined between changes. */
  #staged: Map<Saved<unknown>, unknown> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<Store, 'write'>, texts: Readonly<Record<string, string>>) {
    this.#store = store;
    this.#texts = texts;
  }

  /** A value that is there again when the file is opened next. */
  value<T>(name: string, initial: T): Saved<T> {
    const text = this.#texts[name];
    const stage: Stage = {
      get: (saved, committed) => (this.#staged?.has(saved) === true ? this.#staged.get(saved) : committed),
      set: (saved, value) => {
        if (this.#staged === undefined) throw new Error(`${name} was set outside of a change`);
        this.#staged.set(saved, value);
      },
    };
    return new Saved(name, text === undefined ? initial : (JSON.parse(text) as T), stage);
  }

  /**
   * Runs `work` when all changes before it are done, and resolves with its result when what it set is on disk. `work` returns no promise: nothing
   * can come between what it reads and what it sets. Rejects with what `work` throws, or with StoreFullError; then nothing is changed.
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

  /** What is on disk; within a change what that has set. */
  get value(): T {
    return this.#stage.get(this, this.#committed) as T;
  }

  /** Only within a change; throws elsewhere. */
  set(value: T): void {
    this.#stage.set(this, value);
  }

  /** For Settings: `value` is on disk. */
  commit(value: unknown): void {
    this.#committed = value as T;
  }
}
