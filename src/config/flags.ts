import { XraydError } from '../pipeline/errors.ts';
import { COMMAND_NAMES, DEFAULT_COMMAND, OPERANDS, WORDS, type Command } from './commands.ts';
import type { OptionValue } from './option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from './schema.ts';
import { hintFor, suggestion } from './suggestion.ts';
import { quoted } from './text-form.ts';
import { parseText } from './value.ts';

export interface CommandLine<C extends Command = Command> {
  readonly command: C;
  /** Whether the command line names the command. */
  readonly isNamed: boolean;
  /** The operands after the command, if it accepts any. */
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<OptionName, OptionValue>;
  /** How each flag was written, for --print-config. */
  readonly written: ReadonlyMap<OptionName, string>;
  /** Flags before a command that does not use them, as in an image whose ENTRYPOINT has flags. */
  readonly unused: readonly string[];
  /** Arguments that are not used, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Reads the arguments after the program's name. The grammar is that of Go's flag package, because existing manifests
 * use all of it: one or two dashes, `-flag value` or `-flag=value`, the value of a switch only after `=`, and the last
 * of two equal flags wins. One addition: the value of a URL may be optional (`bare`).
 * The command may precede or follow the flags (an image's ENTRYPOINT may have flags). A command that runs a program is
 * followed (after its `--`, if there is one) by that program with its own flags.
 * Throws XRAYD_USAGE, even for a flag that the command does not use, unless it precedes the command.
 */
export function parseFlags(args: readonly string[]): CommandLine {
  const values = new Map<OptionName, OptionValue>();
  const written = new Map<OptionName, string>();
  const operands: string[] = [];
  /** In the order of the command line; true before the command. */
  const flags: { name: OptionName; isBefore: boolean }[] = [];
  const warnings: string[] = [];
  let command: Command | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg);
    if (match === null) {
      const taken = command === undefined ? 'none' : OPERANDS[command];
      if (taken === 'program') {
        operands.push(...args.slice(arg === '--' ? i + 1 : i));
        break;
      }
      if (taken === 'files') {
        operands.push(arg);
        continue;
      }
      if (taken === 'word' && command !== undefined && operands.length === 0) {
        operands.push(wordOf(command, arg));
        continue;
      }
      if (command !== undefined) throw usage(`unexpected argument ${quoted(arg)} after the command ${command}`);
      if (/^-[^-]|^--./.test(arg)) throw usage(`${quoted(arg)} is not a flag`);
      command = commandOf(arg, i);
      if (command !== undefined) continue;
      warnings.push(endOfFlags(args, i));
      break;
    }
    const name = optionOf(match[1] ?? '', arg);
    const spec = SPECS[name];
    let text = match[2];
    if (text === undefined && spec.kind === 'switch') text = 'true';
    if (text === undefined && spec.kind === 'url' && (args[i + 1] ?? '-').startsWith('-')) text = spec.bare;
    if (text === undefined) {
      i++;
      text = args[i];
      if (text === undefined) throw usage(`${arg} needs a value`);
      if (spec.kind !== 'number' && isFlag(text)) throw swallowed(arg, text);
    }
    const parsed = parseText(spec, text);
    const flag = dashed(match[1] ?? '');
    if ('problem' in parsed)
      throw usage(`${flag} ${parsed.problem}`, parsed.isSyntax === true ? 'XRAYD_USAGE' : 'XRAYD_CONFIG');
    if (parsed.warning !== undefined) warnings.push(`${flag} ${parsed.warning}`);
    if (parsed.value === undefined) continue;
    values.set(name, parsed.value);
    written.set(name, flag);
    flags.push({ name, isBefore: command === undefined });
  }
  const chosen = command ?? DEFAULT_COMMAND;
  const unused = flags.filter(({ name }) => !SPECS[name].commands.includes(chosen));
  const wrong = unused.find(({ isBefore }) => command === undefined || !isBefore);
  if (wrong !== undefined) throw unusedFlag(written.get(wrong.name) ?? '', wrong.name, chosen);
  for (const { name } of unused) values.delete(name);
  return {
    command: chosen,
    isNamed: command !== undefined,
    operands,
    values,
    written,
    unused: unused.map(({ name }) => written.get(name) ?? ''),
    warnings,
  };
}

function unusedFlag(flag: string, name: OptionName, command: Command): XraydError {
  return usage(
    `${flag} is not used by xrayd ${command}, only by ${SPECS[name].commands.map((user) => `xrayd ${user}`).join(', ')}`,
  );
}

/** The operand of a command that accepts one of a few words. */
function wordOf(command: Command, arg: string): string {
  const words = WORDS[command] ?? [];
  if (words.includes(arg)) return arg;
  const hint = hintFor(arg, words, (word) => `"${word}"`);
  const known = hint === '' ? ` It takes ${words.join(', ')}.` : hint;
  throw usage(`xrayd ${command} does not know ${quoted(arg)}.${known}`);
}

/**
 * undefined for an argument that ends the flags. compat: Go's flag package stops at an argument that is not a flag, and
 * the reference ignores it and the rest: `-o true`, or an empty variable. A word in the first position, or one that
 * resembles a command, is an error.
 */
function commandOf(arg: string, position: number): Command | undefined {
  const command = COMMAND_NAMES.find((known) => known === arg);
  if (command !== undefined || !/^[a-z]/i.test(arg) || /^(true|false|yes|no|on|off)$/i.test(arg)) return command;
  if (position > 0 && suggestion(arg, COMMAND_NAMES) === undefined) return undefined;
  throw usage(`unknown command ${quoted(arg)}.${hintFor(arg, COMMAND_NAMES, (name) => `"${name}"`)}`);
}

function endOfFlags(args: readonly string[], position: number): string {
  const rest = args.slice(position).map(quoted).join(' ');
  const before = args[position - 1] ?? '';
  const isSwitch = OPTION_NAMES.some(
    (name) => SPECS[name].kind === 'switch' && isNamed(name, before.replace(/^--?/, '')),
  );
  const hint = isSwitch ? ` The value of a switch must follow "=": ${before}=${args[position]}.` : '';
  return `the flags end at an argument that is not a flag; ignored, as by aws-xray-daemon: ${rest}.${hint}`;
}

/** Whether an argument is one of our flags, with or without a value. */
function isFlag(arg: string): boolean {
  const name = /^--?([a-z][\w-]*)(=|$)/.exec(arg)?.[1];
  return name !== undefined && OPTION_NAMES.some((option) => isNamed(option, name));
}

function isNamed(option: OptionName, name: string): boolean {
  const { flag, short, otherShort } = SPECS[option];
  return flag === name || short === name || otherShort === name;
}

function swallowed(flag: string, next: string): XraydError {
  return usage(
    `${flag} took the next flag, ${quoted(next)}, as its value. Is a variable empty? Write ${flag}="$NAME", or omit the flag`,
    'XRAYD_CONFIG',
  );
}

function optionOf(flag: string, arg: string): OptionName {
  const name = OPTION_NAMES.find((option) => isNamed(option, flag));
  if (name !== undefined) return name;
  const flags = OPTION_NAMES.map((option) => SPECS[option].flag);
  throw usage(`unknown flag ${arg.split('=')[0]}.${hintFor(flag, flags, (near) => `--${near}`)}`);
}

function dashed(flag: string): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}

/** compat: 2 is Go's code for an unreadable command line; 1 is the reference's for an unusable value. */
function usage(problem: string, code: 'XRAYD_USAGE' | 'XRAYD_CONFIG' = 'XRAYD_USAGE'): XraydError {
  return new XraydError(code, `${problem} See xrayd --help.`.replace(/([^.?])( See xrayd)/, '$1.$2'));
}
