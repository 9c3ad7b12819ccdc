import { stringify } from 'yaml';
import { XraydError } from '../pipeline/errors.ts';
import type { OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from './schema.ts';
import { hintFor } from './suggestion.ts';
import { checkValue } from './value.ts';
import { throwProblem, type ConfigFile, type OnProblem } from './config-file.ts';
import { readYaml, YamlError, type YamlEntry, type YamlScalar } from './yaml.ts';

const FILE_KEYS = new Map<string, OptionName>(
  OPTION_NAMES.flatMap((name) => {
    const key = SPECS[name].fileKey;
    return key === undefined ? [] : [[key, name] as const];
  }),
);
const SECTIONS = new Set(
  [...FILE_KEYS.keys()].filter((key) => key.includes('.')).map((key) => key.split('.')[0] ?? ''),
);
const ALL_KEYS = [...FILE_KEYS.keys(), ...SECTIONS, 'Version'];

/**
 * Keys of configuration files from before version 1, and their present names ('' = removed).
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

/** compat: Go refuses a file beyond this. */
const MAX_INT64 = 2 ** 63;

/** compat: aws-xray-daemon accepts these keys but uses its defaults. */
const UNUSED_KEY = /^proxyserver\.(idleconntimeout|maxidleconnsperhost|maxidleconns)$/;

/**
 * `text` is the file's content. The keys of versions 1 and 2 are the same. With `hasOtherKeys`, an unknown key is only
 * a warning: the reference daemon checks only the keys of a file that -c names. Throws XRAYD_CONFIG, or calls `onProblem`
 * for each value that cannot be used.
 */
export function parseConfigFile(
  path: string,
  text: string,
  hasOtherKeys = false,
  onProblem: OnProblem = throwProblem,
): ConfigFile {
  const entries = entriesOf(path, text);
  checkVersion(path, entries, hasOtherKeys);
  const values = new Map<OptionName, OptionValue>();
  const lines = new Map<OptionName, number>();
  const warnings: string[] = [];
  for (const { key, scalar, line } of entries) {
    if (key === 'Version' || UNUSED_KEY.test(key)) continue;
    const name = FILE_KEYS.get(key);
    if (name === undefined) {
      if (SECTIONS.has(key) && scalar?.value === null) continue;
      const known = SECTIONS.has(key)
        ? `${key} must hold keys of its own`
        : `unknown key "${key}".${hintFor(OLD_KEYS.get(key) || key, ALL_KEYS, (near) => `"${near}"`)}`;
      if (!hasOtherKeys || SECTIONS.has(key)) onProblem(problem(path, line, known));
      else warnings.push(`${path} line ${line}: ${known} It is ignored.`);
      continue;
    }
    const checked = checkFileValue(name, scalar);
    if ('problem' in checked) {
      onProblem(problem(path, line, `${key} ${checked.problem}`));
      continue;
    }
    if (checked.warning !== undefined) warnings.push(`${path} line ${line}: ${key} ${checked.warning}`);
    const earlier = lines.get(name);
    if (earlier !== undefined) warnings.push(`${path} line ${line}: ${key} is set again; line ${earlier} is ignored`);
    values.delete(name);
    if (checked.value !== undefined) values.set(name, checked.value);
    lines.set(name, line);
  }
  return { path, values, lines, warnings };
}

function entriesOf(path: string, text: string): YamlEntry[] {
  try {
    return readYaml(text);
  } catch (error) {
    if (error instanceof YamlError) throw problem(path, error.line, error.message);
    throw error;
  }
}

/**
 * compat: as Go decodes a scalar into the type of the option: a text keeps what is written, a whole number drops the
 * fraction.
 */
function checkFileValue(name: OptionName, scalar: YamlScalar | undefined): ReturnType<typeof checkValue> {
  const spec = SPECS[name];
  if (scalar === undefined) return { problem: 'must be a single value' };
  const { value, text } = scalar;
  if (value === null) return { value: undefined };
  if (spec.kind === 'number') {
    if (typeof value !== 'number' || Math.abs(value) >= MAX_INT64)
      return { problem: `must be a whole number of ${spec.unit}, not ${JSON.stringify(text)}` };
    return checkValue(spec, Math.trunc(value));
  }
  if (spec.kind === 'switch') {
    if (typeof value !== 'boolean')
      return { problem: `must be true or false, without quotes, not ${JSON.stringify(text)}` };
    return checkValue(spec, value);
  }
  return checkValue(spec, text);
}

/** The reference exits too, and points to a migration script that no longer exists; xrayd prints the migrated file. */
function checkVersion(path: string, entries: readonly YamlEntry[], hasOtherKeys: boolean): void {
  const version = entries.findLast((entry) => entry.key === 'Version');
  const number = version?.scalar?.value;
  const isSet = version !== undefined && number !== null;
  if (isSet && (typeof number !== 'number' || (Math.trunc(number) !== 1 && Math.trunc(number) !== 2))) {
    throw problem(path, version.line, `Version must be 1 or 2, not ${JSON.stringify(number)}. Write "Version: 2".`);
  }
  const old = hasOtherKeys ? undefined : entries.find((entry) => OLD_KEYS.has(entry.key));
  if (isSet && old === undefined) return;
  const reason = isSet
    ? `${path} line ${old?.line}: "${old?.key}" is a key from before version 1. Write this instead:`
    : `${path} has no "Version". Write this instead:`;
  throw new XraydError('XRAYD_CONFIG', `${reason}\n\n${migrated(entries)}`);
}

function migrated(entries: readonly YamlEntry[]): string {
  const file: Record<string, YamlScalar['value'] | Record<string, YamlScalar['value']>> = {};
  for (const { key, scalar } of entries) {
    const value = scalar?.value ?? '';
    const now = OLD_KEYS.get(key) ?? key;
    if (now === '' || now === 'Version' || !FILE_KEYS.has(now)) continue;
    const [section = '', leaf] = now.split('.');
    if (leaf === undefined) file[section] = value;
    else {
      const before = file[section];
      file[section] = { ...(typeof before === 'object' ? before : {}), [leaf]: value };
    }
  }
  return stringify({ ...file, Version: 2 });
}

function problem(path: string, line: number, words: string): XraydError {
  return new XraydError('XRAYD_CONFIG', `${path} line ${line}: ${words}`);
}
