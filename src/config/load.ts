import type { Command } from './commands.ts';
import { tableOf } from '../pipeline/list.ts';
import { throwProblem, type ConfigFile, type OnProblem } from './config-file.ts';
import { isLoopbackHost } from '../pipeline/address.ts';
import type { Environment } from '../pipeline/environment.ts';
import { XraydError } from '../pipeline/errors.ts';
import { oneLine } from '../pipeline/one-line.ts';
import type { CommandLine } from './flags.ts';
import { envNameOf, writtenAs, type OptionSpec, type OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type Config, type OptionName } from './schema.ts';
import { suggestion } from './suggestion.ts';
import { defaultOf, parseText } from './value.ts';

export interface LoadedConfig<C extends Command = Command> {
  readonly command: C;
  readonly config: Config<C>;
  /** Where each value came from: `--bind`, `XRAYD_BIND`, `cfg.yaml line 7`, `AWS_REGION` or `default`. */
  readonly origins: Readonly<Record<OptionName, string>>;
  /** Settings that are not used, one line each. */
  readonly warnings: readonly string[];
}

export interface ConfigSources<C extends Command> {
  readonly commandLine: CommandLine<C>;
  readonly env: Environment;
  readonly file: ConfigFile | undefined;
  /** Called for each value that cannot be used, instead of throwing. */
  readonly onProblem?: OnProblem;
}

/**
 * Merges: flag > XRAYD_* > cfg.yaml > AWS's and the system's variables > default.
 * Options that the command does not use keep their defaults, because a variable for another command may have any value.
 * Throws XRAYD_CONFIG, and XRAYD_USAGE for a flag that is not used in this combination.
 */
export function mergeConfig<C extends Command>({
  commandLine,
  env,
  file,
  onProblem = throwProblem,
}: ConfigSources<C>): LoadedConfig<C> {
  const { command } = commandLine;
  const config: Partial<Record<OptionName, OptionValue | undefined>> = {};
  const origins = tableOf(OPTION_NAMES, () => 'default');
  const doubts: string[] = [];
  for (const name of OPTION_NAMES) {
    const spec = SPECS[name];
    let found: Found | undefined;
    try {
      found = spec.commands.includes(command) ? findValue(name, { commandLine, env, file }, doubts) : undefined;
    } catch (error) {
      if (!(error instanceof XraydError)) throw error;
      onProblem(error);
    }
    config[name] = found?.value ?? defaultOf(spec, command);
    if (found === undefined) continue;
    origins[name] = found.origin;
    if (spec.kind === 'address' && found.value === 'off' && spec.offIn?.includes(command) === false) {
      onProblem(new XraydError('XRAYD_CONFIG', `${origins[name]} cannot be off for xrayd ${command}: give host:port.`));
    }
  }
  if (command === 'local') followBind(config, origins);
  const warnings = [
    ...commandLine.warnings,
    ...doubts,
    ...commandLine.unused.map((flag) => `${flag} is not used by xrayd ${command}`),
    ...unknownVariables(env),
    ...(file === undefined ? [] : [...file.warnings, ...unusedKeys(command, file)]),
    ...unusedBeside({ commandLine, env, file, onProblem }, { config, origins }),
  ];
  return {
    command,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- parseText and defaultOf return a value of the option's kind
    config: Object.freeze(config) as Config<C>,
    origins: Object.freeze(origins),
    warnings,
  };
}

/**
 * A local X-Ray has one address: SDKs derive that of TCP from that of UDP. Only on loopback, because another address of
 * TCP opens the page and the API to others.
 */
function followBind(
  config: Partial<Record<OptionName, OptionValue | undefined>>,
  origins: Record<OptionName, string>,
): void {
  const { bind } = config;
  if (origins.bindTcp !== 'default' || origins.bind === 'default') return;
  if (typeof bind !== 'object' || !('host' in bind) || bind instanceof URL || !isLoopbackHost(bind.host)) return;
  config.bindTcp = bind;
  origins.bindTcp = origins.bind;
}

/** The file that a flag or variable names; "" if none does, undefined if the command reads no file. */
export function configFileNameOf({ command, values }: CommandLine, env: Environment): string | undefined {
  if (!SPECS.config.commands.includes(command)) return undefined;
  const named = values.get('config');
  return typeof named === 'string' ? named : (env['XRAYD_CONFIG'] ?? '');
}

interface Found {
  readonly value: OptionValue;
  readonly origin: string;
}

function findValue(
  name: OptionName,
  { commandLine, env, file }: ConfigSources<Command>,
  doubts: string[],
): Found | undefined {
  const spec = SPECS[name];
  return (
    fromFlag(name, commandLine) ??
    fromVariable(spec, envNameOf(spec), env, doubts) ??
    fromFile(name, file) ??
    firstOf(spec.sharedEnv, (variable) => fromVariable(spec, variable, env, doubts))
  );
}

function fromFlag(name: OptionName, commandLine: CommandLine): Found | undefined {
  const value = commandLine.values.get(name);
  return value === undefined ? undefined : { value, origin: commandLine.written.get(name) ?? `--${SPECS[name].flag}` };
}

function fromFile(name: OptionName, file: ConfigFile | undefined): Found | undefined {
  const value = file?.values.get(name);
  return value === undefined ? undefined : { value, origin: `${file?.path} line ${file?.lines.get(name)}` };
}

function fromVariable(
  spec: OptionSpec,
  variable: string | undefined,
  env: Environment,
  doubts: string[],
): Found | undefined {
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined) return undefined;
  const parsed = parseText(spec, text);
  if ('problem' in parsed) {
    // compat: the reference does not read the lower-case names.
    if (variable !== variable.toUpperCase()) return void doubts.push(`${variable} ${parsed.problem}; it is ignored`);
    throw new XraydError('XRAYD_CONFIG', `${variable} ${parsed.problem}`);
  }
  if (parsed.warning !== undefined) doubts.push(`${variable} ${parsed.warning}`);
  return parsed.value === undefined ? undefined : { value: parsed.value, origin: variable };
}

function firstOf<T>(names: readonly string[] | undefined, find: (name: string) => T | undefined): T | undefined {
  for (const name of names ?? []) {
    const found = find(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const PREFIX = 'XRAYD_';
const VARIABLES = OPTION_NAMES.flatMap((name) => envNameOf(SPECS[name]) ?? []);
const VARIABLE_ENDS = VARIABLES.map((name) => name.slice(PREFIX.length));
/** Variables that Kubernetes sets for a Service whose name begins with `xrayd`, and Docker for a linked container. */
const SERVICE_VARIABLE =
  /^XRAYD(_\w+)?_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|NAME|ENV_\w+)$/;

function unknownVariables(env: Environment): string[] {
  const unknown = Object.keys(env).filter(
    (name) => /^xrayd_/i.test(name) && !VARIABLES.includes(name) && !SERVICE_VARIABLE.test(name),
  );
  return unknown.map((name) => {
    // The part that all have in common says nothing.
    const near = suggestion(name.slice(PREFIX.length), VARIABLE_ENDS);
    const hint =
      near === undefined ? 'xrayd help daemon lists the flags; each has a variable.' : `Did you mean ${PREFIX}${near}?`;
    return `unknown variable ${name}. ${hint}`;
  });
}

function unusedKeys(command: Command, file: ConfigFile): string[] {
  const unused = [...file.values.keys()].filter((name) => !SPECS[name].commands.includes(command));
  return unused.map(
    (name) => `${file.path} line ${file.lines.get(name)}: ${SPECS[name].fileKey} is not used by xrayd ${command}`,
  );
}

interface Merged {
  readonly config: Readonly<Partial<Record<OptionName, OptionValue | undefined>>>;
  readonly origins: Readonly<Record<OptionName, string>>;
}

/**
 * Options that are set but ignored because another one is set, or is not. Throws XRAYD_USAGE for a flag that is refused
 * then.
 */
function unusedBeside(
  { commandLine, file, onProblem = throwProblem }: ConfigSources<Command>,
  { config, origins }: Merged,
): string[] {
  const { command } = commandLine;
  const isSet = (name: OptionName): boolean => ![undefined, '', false].some((unset) => config[name] === unset);
  const warnings: string[] = [];
  for (const name of OPTION_NAMES) {
    if (origins[name] === 'default') continue;
    const unmet = SPECS[name].dependsOn?.find(
      (dependency) =>
        (dependency.command ?? command) === command && isSet(nameOfFlag(dependency.flag)) !== dependency.isSet,
    );
    if (unmet === undefined) continue;
    const isFlag = commandLine.values.has(name);
    const isInFile = file?.values.has(name) === true;
    const place =
      isFlag || !isInFile ? origins[name] : `${file.path} line ${file.lines.get(name)}: ${SPECS[name].fileKey}`;
    const said = `${place} is not used ${unmet.isSet ? 'without' : 'with'} --${unmet.flag}`;
    if (isFlag && unmet.isFlagRefused === true)
      onProblem(new XraydError('XRAYD_USAGE', `${said}. See xrayd help ${command}.`));
    else if (isFlag || isInFile || unmet.isVariableIgnored !== true) warnings.push(said);
  }
  return warnings;
}

/** A table that names a flag which does not exist fails every start, and so every test. */
function nameOfFlag(flag: string): OptionName {
  const name = OPTION_NAMES.find((option) => SPECS[option].flag === flag);
  if (name === undefined) throw new Error(`no option has the flag ${flag}`);
  return name;
}

/** One line per value that the command uses, for --print-config. Passwords in URLs are not printed. */
export function printConfig({ command, config, origins }: LoadedConfig): string {
  const names = OPTION_NAMES.filter((name) => SPECS[name].only !== 'cli' && SPECS[name].commands.includes(command));
  const values = config as Readonly<Partial<Record<OptionName, OptionValue | undefined>>>;
  const rows = names.map((name) => {
    const spec = SPECS[name];
    const value = values[name];
    const isUnset = value === undefined || value === '' || value === 0;
    const shown = isUnset
      ? `(${spec.defaultText ?? 'none'})`
      : name === 'token'
        ? '(hidden)'
        : oneLine(writtenAs(spec, value));
    return [spec.flag, shown, origins[name]] as const;
  });
  const widthOf = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const [flags, texts] = [widthOf(0), widthOf(1)];
  return rows.map(([flag, value, origin]) => `${flag.padEnd(flags)}  ${value.padEnd(texts)}  ${origin}\n`).join('');
}
