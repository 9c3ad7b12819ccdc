import { closest } from 'fastest-levenshtein';
import { XraydError } from '../pipeline/errors.ts';
import { COMMANDS, type Command, type OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from './schema.ts';
import { parseText } from './value.ts';

export interface CommandLine<C extends Command = Command> {
  readonly command: C;
  /** The command was given, not taken for granted. */
  readonly isNamed: boolean;
  /** What stands behind the command: the files to import, or the program to run with its arguments. */
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<OptionName, OptionValue>;
  /** How each flag was written, for --print-config. */
  readonly written: ReadonlyMap<OptionName, string>;
  /** Flags that stand before a command which does not use them, as in an image whose ENTRYPOINT has flags of its own. */
  readonly unused: readonly string[];
}

/**
 * Reads the arguments after the program's name. The grammar is that of Go's flag package, because existing manifests use all of it:
 * one or two dashes, `-flag value` or `-flag=value`, a switch takes its value only after `=`, the last of two equal flags wins.
 * A command may stand before or after the flags (an image's ENTRYPOINT has flags of its own). What follows `run` (or `--`) is the program
 * with its own flags.
 * Throws XRAYD_USAGE, also for a flag that the command does not use; before the command it may stand.
 */
export function parseFlags(args: readonly string[]): CommandLine {
  const values = new Map<OptionName, OptionValue>();
  const written = new Map<OptionName, string>();
  const operands: string[] = [];
  /** In the order of the command line; true before the command. */
  const flags: { name: OptionName; isBefore: boolean }[] = [];
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
    flags.push({ name, isBefore: command === undefined });
  }
  const chosen = command ?? 'daemon';
  const unused = flags.filter(({ name }) => !SPECS[name].commands.includes(chosen));
  const wrong = unused.find(({ isBefore }) => command === undefined || !isBefore);
  if (wrong !== undefined) throw unusedFlag(written.get(wrong.name) ?? '', wrong.name, chosen);
  for (const { name } of unused) values.delete(name);
  return { command: chosen, isNamed: command !== undefined, operands, values, written, unused: unused.map(({ name }) => written.get(name) ?? '') };
}

function unusedFlag(flag: string, name: OptionName, command: Command): XraydError {
  return usage(`${flag} is not used by xrayd ${command}, only by ${SPECS[name].commands.map((user) => `xrayd ${user}`).join(', ')}`);
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
