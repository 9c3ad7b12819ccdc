import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { configurationDoc, helpText } from '../../src/cli/help.ts';
import { COMMAND_NAMES, OPERANDS } from '../../src/config/commands.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { OPTION_GROUPS } from '../../src/config/option.ts';
import { OPTION_NAMES, SPECS } from '../../src/config/schema.ts';
import { xraydHere } from '../fakes/command.ts';

test('help and docs/configuration.md list every option and command, and the document is up to date', () => {
  const document = configurationDoc();
  for (const name of OPTION_NAMES) {
    const { flag, commands } = SPECS[name];
    expect(document).toContain(`--${flag}`);
    const synopsis = new RegExp(`^  (-., )*--${flag}( |$)`, 'm');
    for (const command of COMMAND_NAMES)
      expect(synopsis.test(helpText(command)), `${command} ${flag}`).toBe(commands.includes(command));
  }
  for (const command of COMMAND_NAMES) {
    expect(helpText()).toContain(`  ${command} `);
    expect(document).toContain(`| \`${command}\` | ${COMMANDS[command].help} |`);
  }
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(document);
  for (const line of [undefined, ...COMMAND_NAMES].flatMap((command) => helpText(command).split('\n')))
    expect(line.length).toBeLessThanOrEqual(125);
});

test('every group of options has an option, and is shown', () => {
  for (const group of OPTION_GROUPS) {
    expect(OPTION_NAMES.some((name) => SPECS[name].group === group)).toBe(true);
    expect(configurationDoc()).toContain(`## ${group}\n`);
  }
});

test.each(COMMAND_NAMES)('the help of %s shows its usage, and its examples are valid command lines', (command) => {
  const help = helpText(command);
  expect(help).toMatch(new RegExp(`^Usage: xrayd \\[?${command}\\]?( \\[flags\\])?`));
  const { exits } = COMMANDS[command];
  for (const code of [...Object.keys(exits), '2']) expect(help).toMatch(new RegExp(`^ +${code}  \\S`, 'm'));
  for (const example of COMMANDS[command].examples) {
    expect(help).toContain(`  ${example}\n`);
    const [, line = ''] = /\bxrayd(?: (.*))?$/.exec(example) ?? [];
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const parsed = parseFlags(words);
    expect([parsed.command, parsed.warnings, parsed.unused]).toEqual([command, [], []]);
    if (OPERANDS[command] === 'none') expect(parsed.operands).toEqual([]);
  }
});

test('the overview fits on a screen, and names every command and every flag of the reference', () => {
  const lines = helpText().split('\n');
  expect(lines.length).toBeLessThanOrEqual(40);
  for (const name of OPTION_NAMES) {
    const { short } = SPECS[name];
    if (short !== undefined) expect(helpText()).toContain(` -${short}`);
  }
});

test('xrayd help COMMAND prints what xrayd COMMAND --help prints, and refuses what is no command', async () => {
  expect(await xraydHere(['help'])).toEqual({ code: 0, stdout: helpText(), stderr: '' });
  expect((await xraydHere(['help', 'export'])).stdout).toBe(helpText('export'));
  expect(await xraydHere(['help', 'exprt'])).toMatchObject({
    code: 2,
    stderr: 'xrayd: help does not know "exprt". Did you mean "export"? See xrayd --help.\n',
  });
  expect((await xraydHere(['help', 'nonsense'])).stderr).toContain('It takes daemon, local, run,');
  expect((await xraydHere(['help', 'export', 'import'])).code).toBe(2);
});

test('xrayd version prints the version', async () => {
  expect((await xraydHere(['version'])).stdout).toMatch(/^xrayd \d\S* \(compatible with aws-xray-daemon \S+\)\n$/);
});
