import { closest } from 'fastest-levenshtein';
import { XraydError } from '../pipeline/errors.ts';
import type { OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from './schema.ts';
import { parseText } from './value.ts';

const COMMANDS = ['daemon', 'local', 'run', 'send', 'export', 'import', 'pull', 'healthcheck'] as const;
export type Command = (typeof COMMANDS)[number];

export interface CommandLine {
  readonly command: Command;
  /** What stands behind the command: the files to import, or the program to run with its arguments. */
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<OptionName, OptionValue>;
  /** How each flag was written, for --print-config. */
  readonly written: ReadonlyMap<OptionName, string>;
}

/**
 * Reads the arguments after the program's name. The grammar is that of Go's flag package, because existing manifests use all of it:
 * one or two dashes, `-flag value` or `-flag=value`, a switch takes its value only after `=`, the last of two equal flags wins.
 * A command may stand before or after the flags (an image's ENTRYPOINT has flags of its own). What follows `run` (or `--`) is the program
 * with its own flags.
 * Throws XRAYD_USAGE.
 */
export function parseFlags(args: readonly string[]): CommandLine {
  const values = new Map<OptionName, OptionValue>();
  const written = new Map<OptionName, string>();
  const operands: string[] = [];
  let command: Command | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg);
    if (match === null) {
      if (command === 'run') {
        operands.push(...args.slice(arg === '--' ? i + 1 : i));
        break;
      }
      if (command === 'import') {
        operands.push(arg);
        continue;
      }
      if (command !== undefined) throw usage(`unexpected argument "${arg}" after the command ${command}`);
      command = commandOf(arg);
      continue;
    }
    const name = optionOf(match[1] ?? '', arg);
    const spec = SPECS[name];
    let text = match[2];
    if (text === undefined && spec.kind === 'switch') text = 'true';
    if (text === undefined) {
      i++;
      text = args[i];
      if (text === undefined) throw usage(`${arg} needs a value`);
    }
    const parsed = parseText(spec, text);
    if ('problem' in parsed) throw usage(`${dashed(match[1] ?? '')} ${parsed.problem}`);
    if (parsed.value === undefined) continue;
    values.set(name, parsed.value);
    written.set(name, dashed(match[1] ?? ''));
  }
  return { command: command ?? 'daemon', operands, values, written };
}

function commandOf(arg: string): Command {
  const command = COMMANDS.find((known) => known === arg);
  if (command !== undefined) return command;
  throw usage(`unknown command "${arg}". Did you mean "${closest(arg, COMMANDS)}"?`);
}

function optionOf(flag: string, arg: string): OptionName {
  const name = OPTION_NAMES.find((option) => SPECS[option].flag === flag || SPECS[option].short === flag);
  if (name !== undefined) return name;
  const flags = OPTION_NAMES.map((option) => SPECS[option].flag);
  throw usage(`unknown flag ${arg.split('=')[0]}. Did you mean --${closest(flag, flags)}?`);
}

function dashed(flag: string): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}

function usage(problem: string): XraydError {
  return new XraydError('XRAYD_USAGE', `${problem} See xrayd --help.`.replace(/([^.?])( See xrayd)/, '$1.$2'));
}
