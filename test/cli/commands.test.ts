import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { configurationDoc, helpText } from '../../src/cli/help.ts';
import { COMMAND_NAMES, OPERANDS } from '../../src/config/commands.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { OPTION_GROUPS } from '../../src/config/option.ts';
import { OPTION_NAMES, SPECS } from '../../src/config/schema.ts';

test('help and docs/configuration.md list every option and command, and the document is up to date', () => {
  const document = configurationDoc();
  for (const name of OPTION_NAMES) {
    const { flag, commands } = SPECS[name];
    expect(document).toContain(`--${flag}`);
    const synopsis = new RegExp(`^  (-., )?--${flag}( |$)`, 'm');
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
  expect(help).toMatch(new RegExp(`^Usage: xrayd \\[?${command}\\]? \\[flags\\]`));
  for (const example of COMMANDS[command].examples) {
    expect(help).toContain(`  ${example}\n`);
    const [, line = ''] = /\bxrayd(?: (.*))?$/.exec(example) ?? [];
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const parsed = parseFlags(words);
    expect([parsed.command, parsed.warnings, parsed.unused]).toEqual([command, [], []]);
    if (OPERANDS[command] === 'none') expect(parsed.operands).toEqual([]);
  }
});
