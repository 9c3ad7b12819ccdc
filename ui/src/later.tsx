import { effect, signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { list } from './live.ts';

/** Screens that the first rows of the list do without. */
const CODE = {
  trace: async () => (await import('./trace/trace-screen.tsx')).TraceScreen,
  map: async () => (await import('./map/map-screen.tsx')).MapScreen,
  connect: async () => (await import('./connect/connect.tsx')).ConnectScreen,
  'first run': async () => (await import('./connect/connect.tsx')).FirstRun,
  settings: async () => (await import('./shell/settings-screen.tsx')).SettingsScreen,
} satisfies Readonly<Record<string, () => Promise<ComponentType<{ id: string }>>>>;

type Name = keyof typeof CODE;

const here = signal<Readonly<Partial<Record<Name, ComponentType<{ id: string }>>>>>({});
const missing = signal<ReadonlySet<Name>>(new Set());

/** After the first rows, in ms: what is clicked from then on is there. */
const REST_MS = 200;

/** Loads the code of a screen, unless it is here. Never rejects. */
export async function load(name: string): Promise<void> {
  if (!isLater(name) || here.peek()[name] !== undefined) return;
  try {
    const screen = await CODE[name]();
    here.value = { ...here.peek(), [name]: screen };
  } catch {
    // xrayd does not answer, or another version with other files has replaced it.
    missing.value = new Set([...missing.peek(), name]);
  }
}

function isLater(name: string): name is Name {
  return Object.hasOwn(CODE, name);
}

/** Loads the rest, once the list has its first rows. */
export function loadRest(): void {
  const forget = effect(() => {
    if (list.state.value === 'loading') return;
    setTimeout(() => {
      forget();
      for (const name of Object.keys(CODE)) void load(name);
    }, REST_MS);
  });
}

/** A screen whose code may still be on its way. */
export function Later({ name, id = '' }: { name: Name; id?: string }) {
  const Screen = here.value[name];
  useEffect(() => void load(name), [name]);
  if (Screen !== undefined) return <Screen id={id} />;
  return missing.value.has(name) ? <Missing /> : null;
}

function Missing() {
  return (
    <div class="empty">
      <h1>This part of the page could not be loaded</h1>
      <p>xrayd does not answer, or another version of it does.</p>
      <p class="buttons">
        <button type="button" class="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    </div>
  );
}
