import {
  COMMANDS,
  envNameOf,
  textOf,
  type AddressOption,
  type Command,
  type OptionGroup,
  type OptionSpec,
  type TextOption,
  type UrlOption,
} from './option.ts';
import { OPTION_NAMES, SPECS } from './schema.ts';

const INTRO = `Usage: xrayd [command] [flags]

Commands:
  daemon       receive segments and send them to AWS X-Ray (the default)
  local        a whole X-Ray here: receive segments, read them back by X-Ray's API; no account, no network
  run          run a command with a local X-Ray beside it, and print its traces: xrayd run -- npm test
  export       print traces of a local X-Ray as JSON, in the form of BatchGetTraces
  import       read such JSON, the AWS CLI's too, into a local X-Ray: xrayd import traces.json
  pull         copy traces from AWS into a local X-Ray
  send         send one sample trace to a daemon and print its id
  healthcheck  exit 0 if a running daemon is ready and 1 if not, for images without a shell
`;

const OUTRO = `
Each flag is also a variable: --buffer-memory is XRAYD_BUFFER_MEMORY. A flag beats the variable, the variable beats cfg.yaml,
cfg.yaml beats AWS_REGION and HTTPS_PROXY. One dash or two, "-n us-east-1" or "--region=us-east-1": all work.
`;

const GROUPS: readonly OptionGroup[] = ['Receiving', 'X-Ray', 'Sending', 'Operating', 'Local X-Ray', 'Other'];

/** The text of --help: the options that the command uses. Without a command they are the daemon's, after the list of commands. */
export function helpText(command?: Command): string {
  const sections = GROUPS.flatMap((group) => {
    const specs = OPTION_NAMES.map((name) => SPECS[name]).filter((spec) => spec.group === group && spec.commands.includes(command ?? 'daemon'));
    const lines = specs.map((spec) => `  ${synopsisOf(spec)}\n${wrap(`${spec.help}${noteOf(spec, command)}${defaultOf(spec)}`, 8, 100)}`);
    return lines.length === 0 ? [] : [`\n${group}:\n${lines.join('\n')}\n`];
  });
  const intro =
    command === undefined ? `${INTRO}\nThe flags of a command: xrayd COMMAND --help. Those of the daemon:\n` : `Usage: xrayd ${USAGES[command]}\n`;
  return intro + sections.join('') + OUTRO;
}

const USAGES: Readonly<Record<Command, string>> = {
  daemon: '[daemon] [flags]',
  local: 'local [flags]',
  run: 'run [flags] -- COMMAND [ARGUMENTS]',
  send: 'send [flags]',
  export: 'export [flags]',
  import: 'import [flags] [FILE ...]',
  pull: 'pull [flags]',
  healthcheck: 'healthcheck [flags]',
};

function noteOf(spec: OptionSpec, command: Command | undefined): string {
  return command === 'local' && spec.isForTee === true ? ' Only with --tee.' : '';
}

/** docs/configuration.md. */
export function configurationDoc(): string {
  const tables = GROUPS.map((group) => {
    const rows = OPTION_NAMES.map((name) => SPECS[name])
      .filter((spec) => spec.group === group)
      .map((spec) => {
        const flags = [spec.short === undefined ? '' : `\`-${spec.short}\` `, `\`--${spec.flag}\``].join('');
        const variables = [envNameOf(spec), ...(spec.sharedEnv ?? [])].filter((name) => name !== undefined);
        const shown = defaultTextOf(spec);
        const file = spec.fileKey ? `\`${spec.fileKey}\`` : '';
        const cells = [flags, variables.map((name) => `\`${name}\``).join(' '), file, shown, commandsOf(spec), spec.help];
        return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
      });
    return `## ${group}\n\n| flag | variables | cfg.yaml | default | commands | meaning |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `<!-- Generated from src/config/schema.ts by \`npm run docs\`. Do not edit. -->

# Configuration

Every option, once. A flag beats the \`XRAYD_*\` variable, that beats cfg.yaml, that beats the variables of AWS and of the system
(\`AWS_REGION\`, \`HTTPS_PROXY\`), those beat instance metadata. An empty text and 0 mean "not set". \`xrayd --print-config\` shows each value and where it came from.

cfg.yaml is the reference daemon's: looked for at the path of \`-c\`, then \`/etc/amazon/xray/cfg.yaml\`, then \`./cfg.yaml\`; \`Version\` 1 or 2; a key that is not
in the table is an error that names the nearest known one. Only the daemon, \`local\` and \`pull\` read it. xrayd's own options are flags and variables only, so that a file written for either daemon works with both.

A flag that the command does not use is refused, unless it stands before the command, as the flags of the image's ENTRYPOINT do: then a warning names it.
A key of cfg.yaml that the command does not use is warned about, and so is a variable \`XRAYD_*\` that does not exist. A variable for another command is not looked at.

${tables.join('\n')}`;
}

function commandsOf({ commands, isForTee }: OptionSpec): string {
  if (commands.length === COMMANDS.length) return 'all';
  return commands.map((command) => (command === 'local' && isForTee === true ? 'local with `--tee`' : command)).join(', ');
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
  return spec.kind === 'number' ? `${spec.default} ${spec.unit}` : textOf(spec.default);
}

function defaultOf(spec: OptionSpec): string {
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
