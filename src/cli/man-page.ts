import { COMMAND_NAMES } from '../config/commands.ts';
import { envNameOf, OPTION_GROUPS, type OptionSpec } from '../config/option.ts';
import { OPTION_NAMES, SPECS } from '../config/schema.ts';
import { EXIT_CODES } from '../pipeline/errors.ts';
import { COMMANDS } from './commands.ts';
import { commandsOf, defaultClauseOf, operandsText, synopsisOf } from './help.ts';
import { capitalized } from './transfer.ts';

/** Of the page's form: its content has that of the release. */
const DATE = '2026-11-30';

/** docs/xrayd.1, in the macros of man(7). */
export function manPage(): string {
  const commands = COMMAND_NAMES.map((name) => {
    const { help, examples } = COMMANDS[name];
    const lines = examples.map((example) => `${roff(example)}\n`).join('');
    return `.SS ${roff(`xrayd ${name}${operandsText(name)}`)}\n${roff(`${capitalized(help)}.`)}\n.PP\n.nf\n${lines}.fi\n`;
  });
  const groups = OPTION_GROUPS.map((group) => {
    const specs = OPTION_NAMES.map((name) => SPECS[name]).filter((spec) => spec.group === group);
    return `.SS ${roff(group)}\n${specs.map(optionText).join('')}`;
  });
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `.TP\n.B ${code}\n${roff(plain(meaning))}\n`);
  return `.\\" Generated from the tables of commands and options by \`npm run docs\`. Do not edit.
.TH XRAYD 1 ${DATE} xrayd "User commands"
.SH NAME
xrayd \\- a drop\\-in AWS X\\-Ray daemon, and a local X\\-Ray
.SH SYNOPSIS
.B xrayd
.RI [ command ]
.RI [ flags ]
.SH DESCRIPTION
${roff('Without a command, xrayd receives X-Ray segments on UDP and TCP port 2000 and sends them to AWS X-Ray, with the flags and the configuration file of aws-xray-daemon. xrayd local is a complete X-Ray on this machine.')}
.SH COMMANDS
${commands.join('')}.SH OPTIONS
${roff('A flag has one or two dashes, and its value follows a blank or "=". A flag overrides its variable, a variable overrides cfg.yaml, and cfg.yaml overrides the variables of AWS and of the system.')}
${groups.join('')}.SH EXIT STATUS
${codes.join('')}.SH FILES
.TP
.I /etc/amazon/xray/cfg.yaml
${roff('The configuration file, unless --config names another one; then ./cfg.yaml.')}
.SH SEE ALSO
${roff('xrayd help COMMAND; xrayd doctor finds out why traces do not arrive.')}
`;
}

function optionText(spec: OptionSpec): string {
  const variable = envNameOf(spec);
  const places = [variable, ...(spec.sharedEnv ?? [])].filter((name) => name !== undefined).join(', ');
  const facts = [
    places === '' ? '' : ` Variables: ${places}.`,
    spec.fileKey === undefined ? '' : ` In cfg.yaml: ${spec.fileKey}.`,
    ` Commands: ${plain(commandsOf(spec))}.`,
  ];
  return `.TP\n.B ${roff(synopsisOf(spec))}\n${roff(plain(`${spec.help}${defaultClauseOf(spec)}${facts.join('')}`))}\n`;
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}

/** Text as one line of the source: a backslash, a dash and a leading dot or quote mean something to roff. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '...').replaceAll('’', "'");
  return escaped.replace(/^([.'])/, '\\&$1');
}
