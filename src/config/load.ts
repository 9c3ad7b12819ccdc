import type { ConfigFile } from './file.ts';
import { XraydError } from '../pipeline/errors.ts';
import type { CommandLine } from './flags.ts';
import { envNameOf, type OptionSpec, type OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type Config, type OptionName } from './schema.ts';
import { parseText, redactUrl } from './value.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  /** Where each value came from: `--bind`, `XRAYD_BIND`, `cfg.yaml line 7`, `AWS_REGION` or `default`. */
  readonly origins: Readonly<Record<OptionName, string>>;
}

export interface ConfigSources {
  readonly commandLine: CommandLine;
  readonly env: Environment;
  readonly file: ConfigFile | undefined;
}

/** Merges: flag > XRAYD_* > cfg.yaml > AWS's and the system's variables > default. Throws XRAYD_CONFIG. */
export function mergeConfig({ commandLine, env, file }: ConfigSources): LoadedConfig {
  const config: Partial<Record<OptionName, OptionValue>> = {};
  const origins: Partial<Record<OptionName, string>> = {};
  for (const name of OPTION_NAMES) {
    const spec = SPECS[name];
    const found =
      fromFlag(name, commandLine) ??
      fromVariable(spec, envNameOf(spec), env) ??
      fromFile(name, file) ??
      firstOf(spec.sharedEnv, (variable) => fromVariable(spec, variable, env));
    config[name] = found?.value ?? spec.default;
    origins[name] = found?.origin ?? 'default';
  }
  return { config: Object.freeze(config) as Config, origins: Object.freeze(origins) as Record<OptionName, string> };
}

/** The file that is asked for: by flag or by variable. "" when none is. */
export function configFileNameOf(commandLine: CommandLine, env: Environment): string {
  const named = commandLine.values.get('config');
  return typeof named === 'string' ? named : (env['XRAYD_CONFIG'] ?? '');
}

interface Found {
  readonly value: OptionValue;
  readonly origin: string;
}

function fromFlag(name: OptionName, commandLine: CommandLine): Found | undefined {
  const value = commandLine.values.get(name);
  return value === undefined ? undefined : { value, origin: commandLine.written.get(name) ?? `--${SPECS[name].flag}` };
}

function fromFile(name: OptionName, file: ConfigFile | undefined): Found | undefined {
  const value = file?.values.get(name);
  return value === undefined ? undefined : { value, origin: `${file?.path} line ${file?.lines.get(name)}` };
}

function fromVariable(spec: OptionSpec, variable: string | undefined, env: Environment): Found | undefined {
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined) return undefined;
  const parsed = parseText(spec, text);
  if ('problem' in parsed) throw new XraydError('XRAYD_CONFIG', `${variable} ${parsed.problem}`);
  return parsed.value === undefined ? undefined : { value: parsed.value, origin: variable };
}

function firstOf<T>(names: readonly string[] | undefined, find: (name: string) => T | undefined): T | undefined {
  for (const name of names ?? []) {
    const found = find(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** One line a value, for --print-config. Passwords in URLs are not printed. */
export function printConfig({ config, origins }: LoadedConfig): string {
  const rows = OPTION_NAMES.filter((name) => SPECS[name].only !== 'cli').map((name) => {
    const spec = SPECS[name];
    const value = config[name];
    const isUnset = value === '' || value === 0;
    const shown = isUnset ? `(${spec.defaultText ?? 'none'})` : name === 'token' ? '(hidden)' : redactUrl(String(value));
    return [spec.flag, shown, origins[name]] as const;
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column as 0 | 1].length)));
  return rows.map(([flag, value, origin]) => `${flag.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${origin}\n`).join('');
}
