import { COMMAND_NAMES, OPERANDS, SHELLS, subjectOf, WORDS, type Command } from '../config/commands.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { OptionSpec } from '../config/option.ts';
import { OPTION_NAMES, SPECS } from '../config/schema.ts';
import type { CommandContext } from './command.ts';
import { COMMANDS } from './commands.ts';

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], () => string>> = { bash, zsh, fish };

/** `xrayd completion bash|zsh|fish`: prints a script that the shell reads. */
export async function run(
  _: LoadedConfig<'completion'>,
  { operands: [word = 'bash'], output }: CommandContext<'completion'>,
): Promise<number> {
  const shell = SHELLS.find((name) => name === word) ?? 'bash';
  await output.out(SCRIPTS[shell]());
  return 0;
}

/** The options that a command accepts, with those of the command that it examines. */
function specsOf(command: Command): OptionSpec[] {
  const subject = subjectOf(command, []);
  return OPTION_NAMES.map((name) => SPECS[name]).filter(
    ({ commands }) => commands.includes(command) || (subject !== undefined && commands.includes(subject)),
  );
}

function flagsOf(command: Command): string {
  return specsOf(command)
    .map(({ flag }) => `--${flag}`)
    .join(' ');
}

/** The words that may follow a flag; undefined if there is no list of them. */
function wordsOf(spec: OptionSpec): readonly string[] | undefined {
  return spec.kind === 'text' ? spec.choices : undefined;
}

function isPath(spec: OptionSpec): boolean {
  return spec.kind === 'text' && /^(PATH|FILE|DIR)$/.test(spec.placeholder ?? '');
}

const CHOICES = OPTION_NAMES.map((name) => SPECS[name]).filter((spec) => wordsOf(spec) !== undefined);
const PATHS = OPTION_NAMES.map((name) => SPECS[name]).filter(isPath);

/** As it is written on a command line. */
function written({ flag, short }: OptionSpec): string {
  return short === undefined ? `--${flag}` : `--${flag}|-${short}`;
}

function bash(): string {
  const cases = COMMAND_NAMES.map((name) => {
    const words = [flagsOf(name), ...(WORDS[name] ?? [])].join(' ');
    return `    ${name}) words="${words}" ;;`;
  });
  const choices = CHOICES.map(
    (spec) =>
      `    ${written(spec)}) COMPREPLY=($(compgen -W "${(wordsOf(spec) ?? []).join(' ')}" -- "$current")); return ;;`,
  );
  const files = COMMAND_NAMES.filter((name) => OPERANDS[name] === 'files').join('|');
  const programs = COMMAND_NAMES.filter((name) => OPERANDS[name] === 'program').join('|');
  return `# bash completion of xrayd. In ~/.bashrc: source <(xrayd completion bash)
_xrayd() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command="" word words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
    ${COMMAND_NAMES.join('|')}) command=$word; break ;;
    esac
  done
  case $previous in
${choices.join('\n')}
    ${PATHS.map(written).join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case $command in
${cases.join('\n')}
    *) words="${COMMAND_NAMES.join(' ')} ${flagsOf('daemon')}" ;;
  esac
  case $command in
    ${files}) [[ $current == -* ]] || { COMPREPLY=($(compgen -f -- "$current")); return; } ;;
    ${programs}) [[ $current == -* ]] || { COMPREPLY=($(compgen -c -- "$current")); return; } ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _xrayd xrayd
`;
}

function zsh(): string {
  const commands = COMMAND_NAMES.map((name) => `    '${name}:${escaped(COMMANDS[name].help)}'`);
  const cases = COMMAND_NAMES.map((name) => {
    const options = specsOf(name).map((spec) => `        ${zshOption(spec)} \\`);
    return `      ${name})\n        _arguments \\\n${options.join('\n')}\n        ${zshOperand(name)}\n        ;;`;
  });
  return `#compdef xrayd
# zsh completion of xrayd. In a folder of $fpath: xrayd completion zsh > _xrayd
_xrayd() {
  local -a commands
  commands=(
${commands.join('\n')}
  )
  local command=\${words[(r)(${COMMAND_NAMES.join('|')})]}
  if [[ -z $command || $CURRENT -eq 2 ]]; then
    _describe command commands
    [[ -n $command ]] || command=daemon
    [[ $PREFIX == -* ]] || return 0
  fi
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _xrayd ]]; then _xrayd "$@"; else compdef _xrayd xrayd; fi
`;
}

function zshOption(spec: OptionSpec): string {
  const help = escaped(spec.help.split('. ')[0] ?? '');
  if (spec.kind === 'switch') return `'--${spec.flag}[${help}]'`;
  const words = wordsOf(spec);
  const value = words !== undefined ? `(${words.join(' ')})` : isPath(spec) ? '_files' : ' ';
  return `'--${spec.flag}[${help}]:value:${value}'`;
}

function zshOperand(command: Command): string {
  const operands = OPERANDS[command];
  if (operands === 'files') return "'*:file:_files'";
  if (operands === 'program') return "'*::program:_normal'";
  const words = [command, ...(WORDS[command] ?? [])];
  return `'*:word:(${words.join(' ')})'`;
}

/** For a description between single quotes and brackets. */
function escaped(text: string): string {
  return text.replaceAll("'", '’').replaceAll(/[[\]\\:]/g, (character) => `\\${character}`);
}

function fish(): string {
  const named = `__fish_seen_subcommand_from ${COMMAND_NAMES.join(' ')}`;
  const lines = COMMAND_NAMES.flatMap((name) => {
    const condition = `-n '__fish_seen_subcommand_from ${name}${name === 'daemon' ? `; or not ${named}` : ''}'`;
    const words = WORDS[name];
    return [
      `complete -c xrayd -f -n 'not ${named}' -a ${name} -d '${fishText(COMMANDS[name].help)}'`,
      ...(words === undefined ? [] : [`complete -c xrayd -f ${condition} -a '${words.join(' ')}'`]),
      ...(OPERANDS[name] === 'files' ? [`complete -c xrayd -F ${condition}`] : []),
      ...specsOf(name).map((spec) => `complete -c xrayd ${condition} ${fishOption(spec)}`),
    ];
  });
  return `# fish completion of xrayd: xrayd completion fish > ~/.config/fish/completions/xrayd.fish\n${lines.join('\n')}\n`;
}

function fishOption(spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : ` -s ${spec.short}`;
  const words = wordsOf(spec);
  const value =
    spec.kind === 'switch' ? '' : words !== undefined ? ` -x -a '${words.join(' ')}'` : isPath(spec) ? ' -r -F' : ' -x';
  return `-l ${spec.flag}${short}${value} -d '${fishText(spec.help.split('. ')[0] ?? '')}'`;
}

function fishText(text: string): string {
  return text.replaceAll('\\', '').replaceAll("'", '’');
}
