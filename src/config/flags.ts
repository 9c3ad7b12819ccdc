import { XraydError } from '../pipeline/errors.ts';
import { COMMAND_NAMES, DEFAULT_COMMAND, OPERANDS, subjectOf, WORDS, type Command } from './commands.ts';
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
  /** What cannot be read, for `validate` and `doctor`; any other command line with a problem is refused. */
  readonly problems: readonly XraydError[];
}

/**
 * Reads the arguments after the program's name. The grammar is that of Go's flag package, because existing manifests
 * use all of it: one or two dashes, `-flag value` or `-flag=value`, the value of a switch only after `=`, and the last
 * of two equal flags wins. One addition: the value of a URL may be optional (`bare`).
 * The command may precede or follow the flags (an image's ENTRYPOINT may have flags). A command that runs a program is
 * followed (after its `--`, if there is one) by that program with its own flags.
 * Throws XRAYD_USAGE, even for a flag that the command does not use, unless it precedes the command. `validate`
 * and `doctor` read on after a problem.
 */
export function parseFlags(args: readonly string[]): CommandLine {
  const values = new Map<OptionName, OptionValue>();
  const written = new Map<OptionName, string>();
  const operands: string[] = [];
  /** In the order of the command line; true before the command. */
  const flags: { name: OptionName; isBefore: boolean }[] = [];
  const warnings: string[] = [];
  const problems: XraydError[] = [];
  const reader = new ArgumentReader(args, { values, written, operands, flags, warnings });
  while (!reader.isDone) {
    try {
      reader.next();
    } catch (error) {
      if (!(error instanceof XraydError)) throw error;
      problems.push(error);
    }
  }
  const { command } = reader;
  const chosen = command ?? DEFAULT_COMMAND;
  const subject = subjectOf(chosen, operands);
  const read = [chosen, subject ?? chosen];
  const unused = flags.filter(({ name }) => !read.some((each) => SPECS[name].commands.includes(each)));
  for (const { name, isBefore } of unused)
    if (command === undefined || !isBefore) problems.push(unusedFlag(written.get(name) ?? '', name, chosen));
  const explained = problems.map((problem) => withHelp(problem, command));
  const [first] = explained;
  if (first !== undefined && subject === undefined) throw first;
  // Nothing to examine: the problems of another command's settings would only hide this one.
  if (reader.wrongWord !== undefined) throw withHelp(reader.wrongWord, command);
  for (const { name } of unused) values.delete(name);
  return {
    command: chosen,
    isNamed: command !== undefined,
    operands,
    values,
    written,
    unused: unused.filter(({ isBefore }) => isBefore).map(({ name }) => written.get(name) ?? ''),
    warnings,
    problems: explained,
  };
}

interface Read {
  readonly values: Map<OptionName, OptionValue>;
  readonly written: Map<OptionName, string>;
  readonly operands: string[];
  readonly flags: { name: OptionName; isBefore: boolean }[];
  readonly warnings: string[];
}

/** Reads one argument after the other, each flag with its value. */
class ArgumentReader {
  command: Command | undefined;
  /** The error of an operand that is none of the command's words. */
  wrongWord: XraydError | undefined;
  readonly #args: readonly string[];
  readonly #into: Read;
  #at = 0;

  constructor(args: readonly string[], into: Read) {
    this.#args = args;
    this.#into = into;
  }

  get isDone(): boolean {
    return this.#at >= this.#args.length;
  }

  /** Throws XRAYD_USAGE or XRAYD_CONFIG for what cannot be read, which is then behind it. */
  next(): void {
    const arg = this.#args[this.#at] ?? '';
    this.#at++;
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg);
    if (match === null) this.#word(arg);
    else this.#flag(arg, match[1] ?? '', match[2]);
  }

  #word(arg: string): void {
    const { command } = this;
    const { operands, warnings } = this.#into;
    const taken = command === undefined ? 'none' : OPERANDS[command];
    if (taken === 'program') {
      operands.push(...this.#args.slice(arg === '--' ? this.#at : this.#at - 1));
      this.#at = this.#args.length;
    } else if (taken === 'files') operands.push(arg);
    else if (taken === 'word' && command !== undefined && operands.length === 0) this.#operand(command, arg);
    else if (command !== undefined) throw usage(`unexpected argument ${quoted(arg)} after the command ${command}`);
    else if (/^-[^-]|^--./.test(arg)) throw usage(`${quoted(arg)} is not a flag`);
    else {
      this.command = commandOf(arg, this.#at - 1);
      if (this.command !== undefined) return;
      warnings.push(endOfFlags(this.#args, this.#at - 1));
      this.#at = this.#args.length;
    }
  }

  #operand(command: Command, arg: string): void {
    const words = WORDS[command] ?? [];
    if (words.includes(arg)) this.#into.operands.push(arg);
    else throw (this.wrongWord = unknownWord(command, arg, words));
  }

  #flag(arg: string, word: string, value: string | undefined): void {
    const { values, written, flags, warnings } = this.#into;
    const name = optionOf(word);
    if (name === undefined) {
      // What follows is probably its value.
      const next = this.#args[this.#at] ?? '-';
      if (value === undefined && !next.startsWith('-') && !COMMAND_NAMES.some((known) => known === next)) this.#at++;
      throw unknownFlag(word, arg);
    }
    const spec = SPECS[name];
    let text = value;
    if (text === undefined && spec.kind === 'switch') text = 'true';
    if (text === undefined && spec.kind === 'url' && (this.#args[this.#at] ?? '-').startsWith('-')) text = spec.bare;
    if (text === undefined) {
      text = this.#args[this.#at];
      if (text === undefined) throw usage(`${arg} needs a value`);
      if (spec.kind !== 'number' && isFlag(text)) throw swallowed(arg, text);
      this.#at++;
    }
    const parsed = parseText(spec, text);
    const flag = dashed(word);
    if ('problem' in parsed)
      throw usage(`${flag} ${parsed.problem}`, parsed.isSyntax === true ? 'XRAYD_USAGE' : 'XRAYD_CONFIG');
    if (parsed.warning !== undefined) warnings.push(`${flag} ${parsed.warning}`);
    if (parsed.value === undefined) return;
    values.set(name, parsed.value);
    written.set(name, flag);
    flags.push({ name, isBefore: this.command === undefined });
  }
}

function unusedFlag(flag: string, name: OptionName, command: Command): XraydError {
  return usage(
    `${flag} is not used by xrayd ${command}, only by ${SPECS[name].commands.map((user) => `xrayd ${user}`).join(', ')}`,
  );
}

function unknownWord(command: Command, arg: string, words: readonly string[]): XraydError {
  const hint = hintFor(arg, words, (word) => `"${word}"`);
  const known = hint === '' ? ` It takes ${words.join(', ')}.` : hint;
  return usage(`${command} does not know ${quoted(arg)}.${known}`);
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
  const hint = hintFor(arg, COMMAND_NAMES, (name) => `"${name}"`);
  throw usage(`unknown command ${quoted(arg)}.${hint} The commands are ${COMMAND_NAMES.join(', ')}.`);
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

function optionOf(flag: string): OptionName | undefined {
  return OPTION_NAMES.find((option) => isNamed(option, flag));
}

function unknownFlag(flag: string, arg: string): XraydError {
  const flags = OPTION_NAMES.map((option) => SPECS[option].flag);
  return usage(`unknown flag ${arg.split('=')[0]}.${hintFor(flag, flags, (near) => `--${near}`)}`);
}

function dashed(flag: string): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}

/** compat: 2 is Go's code for an unreadable command line; 1 is the reference's for an unusable value. */
function usage(problem: string, code: 'XRAYD_USAGE' | 'XRAYD_CONFIG' = 'XRAYD_USAGE'): XraydError {
  return new XraydError(code, problem);
}

/** Names the help of the command, once all arguments are read: the command may follow the flag that has the problem. */
function withHelp({ code, message }: XraydError, command: Command | undefined): XraydError {
  const help = command === undefined || command === 'help' ? 'xrayd --help' : `xrayd help ${command}`;
  return new XraydError(code, `${message}${/[.?]$/.test(message) ? '' : '.'} See ${help}.`);
}
