import { COMMAND_NAMES, DEFAULT_COMMAND, OPERANDS, type Command } from '../config/commands.ts';
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
import { COMMANDS } from './commands.ts';
import { markdownTable } from './markdown-table.ts';

const OUTRO = `
Each flag also has an environment variable: XRAYD_BUFFER_MEMORY sets --buffer-memory. Flags override variables, variables
override cfg.yaml, and cfg.yaml overrides AWS_REGION and HTTPS_PROXY.
A flag has one or two dashes, and its value follows a space or "=": -n us-east-1, --region=us-east-1.
`;

/**
 * The text of --help: the options that the command uses. Without a command: the list of commands and the daemon's
 * options.
 */
export function helpText(command?: Command): string {
  const sections = OPTION_GROUPS.flatMap((group) => {
    const specs = specsOf(group).filter(({ commands }) => commands.includes(command ?? DEFAULT_COMMAND));
    const lines = specs.map(
      (spec) =>
        `  ${synopsisOf(spec)}\n${wrap(`${spec.help}${noteOf(spec, command)}${defaultClauseOf(spec)}`, 8, 100)}`,
    );
    return lines.length === 0 ? [] : [`\n${group}:\n${lines.join('\n')}\n`];
  });
  return (command === undefined ? overview() : introOf(command)) + sections.join('') + OUTRO;
}

function overview(): string {
  const width = Math.max(...COMMAND_NAMES.map((name) => name.length));
  const lines = COMMAND_NAMES.map((name) => `  ${name.padEnd(width)}  ${summaryOf(name)}\n`);
  return `Usage: xrayd [command] [flags]\n\nCommands:\n${lines.join('')}\nxrayd COMMAND --help shows the flags of a command. These are the daemon's:\n`;
}

/** Includes the operands of a command that accepts them. */
function summaryOf(name: Command): string {
  const { help, examples } = COMMANDS[name];
  const text = name === DEFAULT_COMMAND ? `${help} (the default)` : help;
  return OPERANDS[name] === 'none' ? text : `${text}: ${examples[0]}`;
}

function introOf(command: Command): string {
  const { help, examples } = COMMANDS[command];
  const lines = examples.map((example) => `  ${example}\n`);
  return `Usage: xrayd ${usageOf(command)}\n\n${capitalized(help)}.\n\nExamples:\n${lines.join('')}`;
}

function usageOf(command: Command): string {
  const name = command === DEFAULT_COMMAND ? `[${command}]` : command;
  return `${name} [flags]${{ none: '', files: ' [FILE ...]', program: ' -- COMMAND [ARGUMENTS]' }[OPERANDS[command]]}`;
}

function specsOf(group: (typeof OPTION_GROUPS)[number]): OptionSpec[] {
  return OPTION_NAMES.map((name) => SPECS[name]).filter((spec) => spec.group === group);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function noteOf(spec: OptionSpec, command: Command | undefined): string {
  const others =
    spec.dependsOn?.filter((dependency) => dependency.command !== undefined && dependency.command === command) ?? [];
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
  const readers = SPECS.config.commands.map((name) => `\`${name}\``);
  return `<!-- Generated from src/cli/commands.ts and src/config/schema.ts by \`npm run docs\`. Do not edit. -->

# Configuration

## Commands

${markdownTable(['command', 'what it does', 'examples'], commands)}
\`xrayd COMMAND --help\` shows the options of a command.

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

function commandsOf({ commands, dependsOn = [] }: OptionSpec): string {
  if (commands.length === COMMAND_NAMES.length) return 'all';
  const nameOf = (command: Command): string => {
    const other = dependsOn.find((dependency) => dependency.command === command);
    return other === undefined ? command : `${command} with \`--${other.flag}\``;
  };
  return commands.map(nameOf).join(', ');
}

function synopsisOf(spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
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

function defaultClauseOf(spec: OptionSpec): string {
  const text = spec.default === false ? '' : defaultTextOf(spec);
  return text === '' ? '' : ` Default: ${text}.`;
}

function wrap(text: string, indent: number, width: number): string {
  const lines: string[] = [];
  let line = ' '.repeat(indent - 1);
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width) {
      lines.push(line);
      line = ' '.repeat(indent - 1);
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
