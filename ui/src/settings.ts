import { effect, signal } from '@preact/signals';
import { arrayOf, objectOf, textOf } from '../../src/json/json.ts';
import { keysOf } from './keys-of.ts';

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly zone: 'local' | 'utc';
  readonly times: 'absolute' | 'relative';
  /** The editor that opens files of a stack trace. */
  readonly editor: EditorName;
  /** Prefix for relative paths and for paths in a container. */
  readonly sourceRoot: string;
  /** Prefix of paths in the container, which is removed. */
  readonly containerRoot: string;
  /** Links of a trace to its logs and to other tools. */
  readonly links: readonly LinkTemplate[];
}

/** A link to another tool, such as the logs of a trace. `url` has placeholders: see links-out.ts. */
export interface LinkTemplate {
  readonly name: string;
  readonly url: string;
}

export const MAX_LINKS = 10;

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

const KEY = 'xrayd.settings';
const DEFAULTS: Settings = {
  theme: 'system',
  zone: 'local',
  times: 'absolute',
  editor: 'vscode',
  sourceRoot: '',
  containerRoot: '',
  links: [],
};

export const settings = signal<Settings>(settingsIn(stored(KEY)));

/** Missing and invalid values are replaced by the defaults. */
export function settingsIn(kept: unknown): Settings {
  const found = objectOf(kept);
  const oneOf = <T extends string>(name: keyof Settings, values: readonly T[], otherwise: T): T =>
    values.find((value) => value === found[name]) ?? otherwise;
  return {
    theme: oneOf('theme', ['system', 'light', 'dark'], DEFAULTS.theme),
    zone: oneOf('zone', ['local', 'utc'], DEFAULTS.zone),
    times: oneOf('times', ['absolute', 'relative'], DEFAULTS.times),
    editor: oneOf('editor', keysOf(EDITORS), DEFAULTS.editor),
    sourceRoot: textOf(found['sourceRoot']) ?? DEFAULTS.sourceRoot,
    containerRoot: textOf(found['containerRoot']) ?? DEFAULTS.containerRoot,
    links: linksIn(found['links']),
  };
}

function linksIn(kept: unknown): LinkTemplate[] {
  return arrayOf(kept)
    .slice(0, MAX_LINKS)
    .map((each) => ({ name: textOf(objectOf(each)['name']) ?? '', url: textOf(objectOf(each)['url']) ?? '' }));
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

/** Address that opens a file of a stack trace in the editor. */
export function editorHref(path: string, line: number): string {
  const { editor, sourceRoot, containerRoot } = settings.value;
  const inside = containerRoot !== '' && path.startsWith(containerRoot) ? path.slice(containerRoot.length) : path;
  const full =
    inside.startsWith('/') && inside === path ? inside : `${sourceRoot}/${inside}`.replaceAll(/\/{2,}/g, '/');
  return EDITORS[editor].href(encodeURI(full).replace(/^\//, editor === 'idea' ? '/' : ''), line);
}

/**
 * A value from the browser's storage, possibly written by another version of the page; undefined if there is none or
 * storage is blocked.
 */
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
    // Storage is blocked, for example in a private window: the choice lasts as long as the page.
  }
}
