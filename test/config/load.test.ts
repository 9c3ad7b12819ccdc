import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseFlags } from '../../src/config/flags.ts';
import { configurationDoc, helpText } from '../../src/config/help.ts';
import { mergeConfig, printConfig, type LoadedConfig } from '../../src/config/load.ts';
import { envNameOf } from '../../src/config/option.ts';
import { parseConfigFile } from '../../src/config/parse-file.ts';
import { OPTION_NAMES, SPECS } from '../../src/config/schema.ts';

function load(args: string[], env: Record<string, string> = {}, file?: string): LoadedConfig {
  return mergeConfig({
    commandLine: parseFlags(args),
    env,
    file: file === undefined ? undefined : parseConfigFile('cfg.yaml', `${file}\nVersion: 2\n`),
  });
}

test('flag > XRAYD_* > cfg.yaml > AWS variables > default, each with its origin', () => {
  const env = { XRAYD_REGION: 'from-variable', AWS_REGION: 'from-aws', AWS_DEFAULT_REGION: 'from-default' };
  const steps: [string[], Record<string, string>, string | undefined, string, string][] = [
    [['-n', 'from-flag'], env, 'Region: from-file', 'from-flag', '-n'],
    [[], env, 'Region: from-file', 'from-variable', 'XRAYD_REGION'],
    [[], { ...env, XRAYD_REGION: '' }, 'Region: from-file', 'from-file', 'cfg.yaml line 1'],
    [[], { ...env, XRAYD_REGION: '' }, 'Region: ""', 'from-aws', 'AWS_REGION'],
    [[], { AWS_DEFAULT_REGION: 'from-default' }, undefined, 'from-default', 'AWS_DEFAULT_REGION'],
    [[], {}, undefined, '', 'default'],
  ];
  for (const [args, variables, file, value, origin] of steps) {
    const { config, origins } = load(args, variables, file);
    expect([config.region, origins.region]).toEqual([value, origin]);
  }
});

test('every option but those of the command line is a variable too', () => {
  for (const name of OPTION_NAMES) {
    const spec = SPECS[name];
    const variable = envNameOf(spec);
    if (variable === undefined) continue;
    const text =
      spec.kind === 'number'
        ? String(spec.min)
        : spec.kind === 'switch'
          ? 'true'
          : (spec.choices?.[0] ?? (spec.form === 'url' ? 'http://h:1' : 'h:1'));
    const { config, origins } = load([], { [variable]: text });
    expect([name, String(config[name]), origins[name]]).toEqual([name, text, variable]);
  }
});

test('a wrong variable is named', () => {
  expect(() => load([], { XRAYD_BUFFER_MEMORY: 'x' })).toThrow('XRAYD_BUFFER_MEMORY must be a whole number of MB, not "x"');
});

test('--print-config shows values with their origin, and no password', () => {
  const text = printConfig(load(['-p', 'http://user:secret@p:1'], { XRAYD_LOG_LEVEL: 'warn' }, 'TotalBufferSizeMB: 9'));
  expect(text).toMatch(/^buffer-memory +9 +cfg\.yaml line 1$/m);
  expect(text).toMatch(/^log-level +warn +XRAYD_LOG_LEVEL$/m);
  expect(text).toMatch(/^bind +127\.0\.0\.1:2000 +default$/m);
  expect(text).toMatch(/^proxy-address +http:\/\/\*\*\*@p:1 +-p$/m);
  expect(text).not.toContain('secret');
});

test('the configuration cannot be changed once it is merged', () => {
  expect(Object.isFrozen(load([]).config)).toBe(true);
});

test('help and the document name every option; the document is up to date', () => {
  for (const name of OPTION_NAMES) {
    expect(helpText()).toContain(`--${SPECS[name].flag}`);
    expect(configurationDoc()).toContain(`--${SPECS[name].flag}`);
  }
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationDoc());
  for (const line of helpText().split('\n')) expect(line.length).toBeLessThanOrEqual(125);
});
