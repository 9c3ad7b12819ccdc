import {
  COMMAND_NAMES,
  DEFAULT_COMMAND,
  OPERANDS,
  subjectOf,
  UNCONFIGURED,
  WORDS,
  type Command,
} from '../config/commands.ts';
import type { LoadedConfig } from '../config/load.ts';
import {
  envNameOf,
  OPTION_GROUPS,
  textOf,
  type AddressOption,
  type OptionSpec,
  type TextOption,
  type UrlOption,
} from '../config/option.ts';
import { OPTION_NAMES, SPECS } from '../config/schema.ts';
import { defaultOf } from '../config/value.ts';
import type { CommandContext } from './command.ts';
import { COMMANDS } from './commands.ts';
import { markdownTable } from './markdown-table.ts';
import { capitalized } from './transfer.ts';

const WIDTH = 100;

/** `xrayd help [COMMAND]`. */
export async function run(
  _: LoadedConfig<'help'>,
  { operands: [word], output }: CommandContext<'help'>,
): Promise<number> {
  await output.out(helpText(COMMAND_NAMES.find((name) => name === word)));
  return 0;
}

/** What `xrayd help COMMAND` prints; without a command, the overview. */
export function helpText(command?: Command): string {
  if (command === undefined) return overview();
  const { help, examples, exits } = COMMANDS[command];
  const codes = { ...exits, 2: 'the command line cannot be read' };
  const width = Math.max(...Object.keys(codes).map((code) => code.length));
  const codeLines = Object.entries(codes).map(
    ([code, meaning]) => `  ${code.padStart(width)}  ${wrap(meaning, width + 4, WIDTH).trimStart()}\n`,
  );
  return [
    `Usage: xrayd ${usageOf(command)}\n\n${wrap(`${capitalized(help)}.`, 0, WIDTH)}\n`,
    operandsOf(command),
    ...OPTION_GROUPS.flatMap((group) => {
      const lines = specsOf(group)
        .filter(({ commands }) => commands.includes(command))
        .map(
          (spec) =>
            `  ${synopsisOf(spec)}\n${wrap(`${spec.help}${noteOf(spec, command)}${defaultClauseOf(spec)}`, 8, WIDTH)}`,
        );
      return lines.length === 0 ? [] : [`\n${group}:\n${lines.join('\n')}\n`];
    }),
    subjectOf(command, []) === undefined ? '' : EXAMINED,
    `\nExamples:\n${examples.map((example) => `  ${example}\n`).join('')}`,
    `\nExit codes:\n${codeLines.join('')}`,
    UNCONFIGURED.includes(command) ? '' : OUTRO,
  ].join('');
}

const EXAMINED = `
The flags, variables and cfg.yaml of the examined command are used as it would use them: xrayd help daemon
`;

const OUTRO = `
Each flag also has a variable: XRAYD_HTTP_ADDRESS sets --http-address. Flags override variables.
A flag has one or two dashes, and its value follows a blank or "=": -n us-east-1, --region=us-east-1.
`;

/** Fits on a screen: the flags of a command are in its own help. */
function overview(): string {
  const width = Math.max(...COMMAND_NAMES.map((name) => name.length));
  const lines = COMMAND_NAMES.map((name) => {
    const { help } = COMMANDS[name];
    const text = name === DEFAULT_COMMAND ? `${help} (the default)` : help;
    return `  ${name.padEnd(width)}  ${text}\n`;
  });
  const short = OPTION_NAMES.flatMap((name) => SPECS[name].short ?? []).map((flag) => `-${flag}`);
  return `Usage: xrayd [command] [flags]

A drop-in AWS X-Ray daemon, and a local X-Ray.

Commands:
${lines.join('')}
xrayd help COMMAND shows the flags of a command, with examples and exit codes: xrayd help daemon
The flags of aws-xray-daemon work as they are: ${short.toSorted().join(' ')}

Examples:
  xrayd local                     a local X-Ray: open http://127.0.0.1:2000
  xrayd run -- npm test           the traces of a test run
  xrayd --region eu-west-1        the daemon
`;
}

/** Includes the operands of a command that accepts them. */
function usageOf(command: Command): string {
  const name = command === DEFAULT_COMMAND ? `[${command}]` : command;
  return `${name}${UNCONFIGURED.includes(command) ? '' : ' [flags]'}${operandsText(command)}`;
}

/** ` [FILE ...]`, or "" if the command accepts none. */
export function operandsText(command: Command): string {
  return OPERAND_SYNTAX[OPERANDS[command]](command);
}

const OPERAND_SYNTAX: Readonly<Record<(typeof OPERANDS)[Command], (command: Command) => string>> = {
  none: () => '',
  files: () => ' [FILE ...]',
  program: () => ' -- COMMAND [ARGUMENTS]',
  word: (command) => ` [${WORD_NAMES[command] ?? (WORDS[command] ?? []).join('|')}]`,
};

/** Instead of all the words. */
const WORD_NAMES: { readonly [C in Command]?: string } = { help: 'COMMAND' };

function operandsOf(command: Command): string {
  const lines: Readonly<Record<(typeof OPERANDS)[Command], readonly (readonly [string, string])[]>> = {
    none: [],
    files: [['FILE', 'files to read; "-", or none, is standard input']],
    program: [['COMMAND', 'the program to run, with its own arguments; "--" separates it from the flags of xrayd']],
    word: [[WORD_NAMES[command] ?? 'WORD', `one of ${(WORDS[command] ?? []).join(', ')}`]],
  };
  const own = lines[OPERANDS[command]];
  if (own.length === 0) return '';
  return `\nOperands:\n${own.map(([name, meaning]) => `  ${name}\n${wrap(meaning, 8, WIDTH)}\n`).join('')}`;
}

function specsOf(group: (typeof OPTION_GROUPS)[number]): OptionSpec[] {
  return OPTION_NAMES.map((name) => SPECS[name]).filter((spec) => spec.group === group);
}

function noteOf(spec: OptionSpec, command: Command): string {
  const others = spec.dependsOn?.filter((dependency) => dependency.command === command) ?? [];
  return others.map(({ flag }) => ` Only with --${flag}.`).join('');
}

/** docs/configuration.md. */
export function configurationDoc(): string {
  const tables = OPTION_GROUPS.map((group) => {
    const rows = specsOf(group).map((spec) => {
      const flags = [spec.short === undefined ? '' : `\`-${spec.short}\` `, `\`--${spec.flag}\``].join('');
      const variables = [envNameOf(spec), ...(spec.sharedEnv ?? [])].filter((name) => name !== undefined);
      const file = spec.fileKey ? `\`${spec.fileKey}\`` : '';
      return [
        flags,
        variables.map((name) => `\`${name}\``).join(' '),
        file,
        defaultTextOf(spec),
        commandsOf(spec),
        spec.help,
      ];
    });
    return `## ${group}\n\n${markdownTable(['flag', 'variables', 'cfg.yaml', 'default', 'commands', 'meaning'], rows)}`;
  });
  const commands = COMMAND_NAMES.map((name) => [
    `\`${name}\``,
    COMMANDS[name].help,
    COMMANDS[name].examples.map((line) => `\`${line}\``).join('<br>'),
  ]);
  const examining = COMMAND_NAMES.filter((name) => subjectOf(name, []) !== undefined).map((name) => `\`${name}\``);
  const readers = SPECS.config.commands.map((name) => `\`${name}\``);
  return `<!-- Generated from src/cli/commands.ts and src/config/schema.ts by \`npm run docs\`. Do not edit. -->

# Configuration

## Commands

${markdownTable(['command', 'what it does', 'examples'], commands)}
\`xrayd help COMMAND\` shows the options of a command, with its exit codes.
These commands also accept the options of the command that they examine, \`daemon\` or \`local\`: ${examining.join(', ')}.

## Sources of a value

A flag overrides its \`XRAYD_*\` variable, which overrides cfg.yaml.
cfg.yaml overrides the variables of AWS and of the system (\`AWS_REGION\`, \`HTTPS_PROXY\`), which override instance
metadata.
An empty value and 0 mean "not set".
\`xrayd --print-config\` shows each value and where it came from.

cfg.yaml is the file of the reference daemon.
xrayd looks for it at the path of \`-c\`, then at \`/etc/amazon/xray/cfg.yaml\`, then at \`./cfg.yaml\`.
\`Version\` is 1 or 2.
An unknown key is an error that names the nearest known key.
These commands read the file: ${readers.join(', ')}.
Options that only xrayd has are flags and variables, so that one file works with both daemons.

A flag that the command does not use is an error.
If the flag is written before the command, like the flags in the image's ENTRYPOINT, it is only a warning.
A key of cfg.yaml that the command does not use, and an \`XRAYD_*\` variable that does not exist, are warnings.
Variables for another command are ignored.

1 MB is 1,048,576 bytes.

${tables.join('\n')}`;
}

export function commandsOf({ commands, dependsOn = [] }: OptionSpec): string {
  if (commands.length === COMMAND_NAMES.length) return 'all';
  const nameOf = (command: Command): string => {
    const other = dependsOn.find((dependency) => dependency.command === command);
    return other === undefined ? command : `${command} with \`--${other.flag}\``;
  };
  return commands.map(nameOf).join(', ');
}

export function synopsisOf(spec: OptionSpec): string {
  const short = [spec.short, spec.otherShort]
    .flatMap((letter) => letter ?? [])
    .map((letter) => `-${letter}, `)
    .join('');
  if (spec.kind === 'switch') return `${short}--${spec.flag}`;
  const placeholder = spec.kind === 'number' ? spec.unit.toUpperCase() : placeholderOf(spec);
  return `${short}--${spec.flag} ${placeholder}`;
}

function placeholderOf(spec: TextOption | AddressOption | UrlOption): string {
  if (spec.kind === 'address') return 'HOST:PORT';
  if (spec.kind === 'url') return 'URL';
  if (spec.placeholder !== undefined) return spec.placeholder;
  if (spec.choices !== undefined) return spec.choices.join('|');
  return spec.form === 'list' ? 'LIST' : 'TEXT';
}

function defaultTextOf(spec: OptionSpec): string {
  if (spec.defaultText !== undefined) return spec.defaultText;
  if (spec.default === 0) return '';
  if (spec.kind === 'number') return `${spec.default} ${spec.unit}`;
  if (spec.kind !== 'address' || spec.defaultIn === undefined) return textOf(spec.default);
  return spec.commands.map((command) => `${textOf(defaultOf(spec, command))} (${command})`).join(', ');
}

export function defaultClauseOf(spec: OptionSpec): string {
  const text = spec.default === false ? '' : defaultTextOf(spec);
  return text === '' ? '' : ` Default: ${text}.`;
}

function wrap(text: string, indent: number, width: number): string {
  const lines: string[] = [];
  const margin = ' '.repeat(indent);
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + word.length + 1 > width) {
      lines.push(margin + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, margin + line].join('\n');
}
