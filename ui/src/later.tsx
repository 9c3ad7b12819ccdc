import { effect, signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { list } from './live.ts';

/** A component whose code is in a separate file, because the first rows of the list do not need it. */
export type Later<P> = ComponentType<P> & {
  /** Loads the code, unless it is loaded. Never rejects. */
  readonly load: () => Promise<void>;
};

const loads: (() => Promise<void>)[] = [];

/** Delay after the first rows until all other code is loaded, in ms. */
const REST_MS = 200;

/** Makes a component whose code is imported when it is first rendered, or once the list shows its first rows. */
export function later<P extends object>(importCode: () => Promise<ComponentType<P>>): Later<P> {
  const code = signal<ComponentType<P> | undefined>(undefined);
  const isMissing = signal(false);
  const load = async (): Promise<void> => {
    if (code.peek() !== undefined) return;
    try {
      code.value = await importCode();
    } catch {
      // xrayd does not answer, or another version with other files has replaced it.
      isMissing.value = true;
    }
  };
  loads.push(load);
  const LaterComponent = (props: P) => {
    const Loaded = code.value;
    useEffect(() => void load(), []);
    if (Loaded !== undefined) return <Loaded {...props} />;
    return isMissing.value ? <Missing /> : null;
  };
  return Object.assign(LaterComponent, { load });
}

/** Loads all other code, once the list shows its first rows. */
export function loadRest(): void {
  const forget = effect(() => {
    if (list.state.value === 'loading') return;
    setTimeout(() => {
      forget();
      for (const load of loads) void load();
    }, REST_MS);
  });
}

function Missing() {
  return (
    <div class="empty">
      <h1>This part of the page could not be loaded</h1>
      <p>xrayd does not answer, or a different version of it does.</p>
      <p class="buttons">
        <button type="button" class="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    </div>
  );
}
