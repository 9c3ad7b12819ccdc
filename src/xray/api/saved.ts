import type { Store } from '../store/store.ts';

/** Where settings are kept: with the traces. */
export class Settings {
  readonly #store: Pick<Store, 'write'>;
  readonly #texts: Readonly<Record<string, string>>;

  constructor(store: Pick<Store, 'write'>, texts: Readonly<Record<string, string>>) {
    this.#store = store;
    this.#texts = texts;
  }

  /** A value that is there again when the file is opened next. */
  value<T>(name: string, initial: T): Saved<T> {
    const text = this.#texts[name];
    return new Saved(text === undefined ? initial : (JSON.parse(text) as T), (json) => this.#store.write('save', { name, json }));
  }
}

export class Saved<T> {
  #value: T;
  readonly #save: (json: string) => Promise<unknown>;

  constructor(value: T, save: (json: string) => Promise<unknown>) {
    this.#value = value;
    this.#save = save;
  }

  get value(): T {
    return this.#value;
  }

  async set(value: T): Promise<void> {
    await this.#save(JSON.stringify(value));
    this.#value = value;
  }
}
