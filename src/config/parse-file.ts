import { closest } from 'fastest-levenshtein';
import { isMap, isScalar, LineCounter, parseDocument, stringify, type Node, type YAMLMap } from 'yaml';
import { XraydError } from '../pipeline/errors.ts';
import type { OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from './schema.ts';
import { checkValue } from './value.ts';
import type { ConfigFile } from './file.ts';

const FILE_KEYS = new Map<string, OptionName>(
  OPTION_NAMES.flatMap((name) => {
    const key = SPECS[name].fileKey;
    return key === undefined ? [] : [[key, name] as const];
  }),
);
const SECTIONS = new Set([...FILE_KEYS.keys()].filter((key) => key.includes('.')).map((key) => key.split('.')[0] ?? ''));
const ALL_KEYS = [...FILE_KEYS.keys(), ...SECTIONS, 'Version'];

/**
 * Keys of configuration files from before version 1, and what they are now ('' = gone).
 * Sources: the daemon's configuration chapter of the X-Ray developer guide; its migration notes.
 */
const OLD_KEYS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'Processor.BufferSizeMB': 'TotalBufferSizeMB',
    'Processor.Concurrency': 'Concurrency',
    'Processor.Endpoint': 'Endpoint',
    'Processor.Region': 'Region',
    'Processor.Routine': 'Concurrency',
    'Processor.BatchSize': '',
    'Processor.IdleTimeoutMillisecond': '',
    'Processor.QueueSize': '',
    'Socket.BufferSizeKB': '',
    'Logging.LogFile': 'Logging.LogPath',
    BatchProcessorQueueSize: '',
    LogFile: 'Logging.LogPath',
    LogLevel: 'Logging.LogLevel',
    LogPath: 'Logging.LogPath',
    LogRotation: 'Logging.LogRotation',
    UDPAddress: 'Socket.UDPAddress',
    TCPAddress: 'Socket.TCPAddress',
  }),
);

interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

/** `text` is the file's content. The keys of versions 1 and 2 are the same. */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true });
  const syntax = document.errors[0];
  if (syntax !== undefined) {
    const line = counter.linePos(syntax.pos[0]).line;
    throw problem(path, line, `is not YAML: ${syntax.message.split('\n')[0]}`);
  }
  const lineOf = (node: Node): number => (node.range ? counter.linePos(node.range[0]).line : 1);
  if (document.contents !== null && !isMap(document.contents)) throw problem(path, 1, 'must hold keys and values');
  const entries = document.contents === null ? [] : entriesOf(path, document.contents, lineOf);
  refuseOldFile(path, entries);
  const values = new Map<OptionName, OptionValue>();
  const lines = new Map<OptionName, number>();
  for (const entry of entries) {
    if (entry.key === 'Version') continue;
    const name = FILE_KEYS.get(entry.key);
    if (name === undefined) {
      throw problem(path, entry.line, `unknown key "${entry.key}". Did you mean "${closest(entry.key, ALL_KEYS)}"?`);
    }
    const checked = checkFileValue(name, entry.value);
    if ('problem' in checked) throw problem(path, entry.line, `${entry.key} ${checked.problem}`);
    if (checked.value === undefined) continue;
    values.set(name, checked.value);
    lines.set(name, entry.line);
  }
  return { path, values, lines };
}

function checkFileValue(name: OptionName, value: unknown): ReturnType<typeof checkValue> {
  if (value === null || value === undefined) return { value: undefined };
  if (typeof value === 'object' || typeof value === 'bigint') return { problem: 'must be a single value' };
  return checkValue(SPECS[name], value as OptionValue);
}

/** Every key with its section: `Socket.UDPAddress`. */
function entriesOf(path: string, map: YAMLMap, lineOf: (node: Node) => number): Entry[] {
  const entries: Entry[] = [];
  for (const pair of map.items) {
    const keyNode = pair.key as Node;
    const key = isScalar(keyNode) ? String(keyNode.value) : '?';
    const line = lineOf(keyNode);
    if (isMap(pair.value)) {
      for (const inner of entriesOf(path, pair.value, lineOf)) entries.push({ ...inner, key: `${key}.${inner.key}` });
    } else if (SECTIONS.has(key)) {
      if (isScalar(pair.value) && pair.value.value !== null) throw problem(path, line, `${key} must hold keys of its own`);
    } else {
      entries.push({ key, value: isScalar(pair.value) ? pair.value.value : (pair.value ?? null), line });
    }
  }
  return entries;
}

/** The reference ends too; it points to a migration script that is gone, we print the file. */
function refuseOldFile(path: string, entries: readonly Entry[]): void {
  const version = entries.find((entry) => entry.key === 'Version');
  const old = entries.filter((entry) => OLD_KEYS.has(entry.key));
  if (version !== undefined && version.value !== 1 && version.value !== 2) {
    throw problem(path, version.line, `Version must be 1 or 2, not ${JSON.stringify(version.value)}. Write "Version: 2".`);
  }
  if (version !== undefined && old.length === 0) return;
  const reason =
    version === undefined
      ? `${path} has no "Version". Write this instead:`
      : `${path} line ${old[0]?.line}: "${old[0]?.key}" is a key from before version 1. Write this instead:`;
  throw new XraydError('XRAYD_CONFIG', `${reason}\n\n${migrated(entries)}`);
}

function migrated(entries: readonly Entry[]): string {
  const file: Record<string, unknown> = {};
  for (const { key, value } of entries) {
    const now = OLD_KEYS.get(key) ?? key;
    if (now === '' || now === 'Version' || !FILE_KEYS.has(now)) continue;
    const [section = '', leaf] = now.split('.');
    if (leaf === undefined) file[section] = value;
    else file[section] = { ...(file[section] as object | undefined), [leaf]: value };
  }
  return stringify({ ...file, Version: 2 });
}

function problem(path: string, line: number, words: string): XraydError {
  return new XraydError('XRAYD_CONFIG', `${path} line ${line}: ${words}`);
}
