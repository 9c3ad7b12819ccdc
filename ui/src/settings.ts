import { effect, signal } from '@preact/signals';
import { objectOf, textOf } from '../../src/json/json.ts';

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly zone: 'local' | 'utc';
  readonly times: 'absolute' | 'relative';
  /** Which program opens a file of a stack trace. */
  readonly editor: EditorName;
  /** Put before paths that are relative, or that a container has. */
  readonly sourceRoot: string;
  /** What a path begins with in the container, to be taken away. */
  readonly containerRoot: string;
}

export const EDITORS = {
  vscode: { name: 'VS Code', href: (path: string, line: number) => `vscode://file/${path}:${line}` },
  cursor: { name: 'Cursor', href: (path: string, line: number) => `cursor://file/${path}:${line}` },
  idea: {
    name: 'IntelliJ IDEA, PyCharm, WebStorm',
    href: (path: string, line: number) => `idea://open?file=${encodeURIComponent(path)}&line=${line}`,
  },
  zed: { name: 'Zed', href: (path: string, line: number) => `zed://file/${path}:${line}` },
} as const;
export type EditorName = keyof typeof EDITORS;
export const EDITOR_NAMES: readonly EditorName[] = ['vscode', 'cursor', 'idea', 'zed'];

const KEY = 'xrayd.settings';
const DEFAULTS: Settings = { theme: 'system', zone: 'local', times: 'absolute', editor: 'vscode', sourceRoot: '', containerRoot: '' };

export const settings = signal<Settings>(settingsIn(stored(KEY)));

/** What is missing, or is no value of a setting, is as it is by default. */
export function settingsIn(kept: unknown): Settings {
  const found = objectOf(kept);
  const oneOf = <T extends string>(name: keyof Settings, values: readonly T[], otherwise: T): T =>
    values.find((value) => value === found[name]) ?? otherwise;
  return {
    theme: oneOf('theme', ['system', 'light', 'dark'], DEFAULTS.theme),
    zone: oneOf('zone', ['local', 'utc'], DEFAULTS.zone),
    times: oneOf('times', ['absolute', 'relative'], DEFAULTS.times),
    editor: oneOf('editor', EDITOR_NAMES, DEFAULTS.editor),
    sourceRoot: textOf(found['sourceRoot']) ?? DEFAULTS.sourceRoot,
    containerRoot: textOf(found['containerRoot']) ?? DEFAULTS.containerRoot,
  };
}

effect(() => {
  const { theme } = settings.value;
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  store(KEY, settings.value);
});

export function change(changes: Partial<Settings>): void {
  settings.value = { ...settings.value, ...changes };
}

/** Where the editor opens a file of a stack trace. */
export function editorHref(path: string, line: number): string {
  const { editor, sourceRoot, containerRoot } = settings.value;
  const inside = containerRoot !== '' && path.startsWith(containerRoot) ? path.slice(containerRoot.length) : path;
  const full = inside.startsWith('/') && inside === path ? inside : `${sourceRoot}/${inside}`.replaceAll(/\/{2,}/g, '/');
  return EDITORS[editor].href(encodeURI(full).replace(/^\//, editor === 'idea' ? '/' : ''), line);
}

/** What was kept in this browser, perhaps by another version of the page; undefined where nothing was, or nothing may be kept. */
export function stored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

export function store(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A private window: the choice lasts as long as the page.
  }
}
