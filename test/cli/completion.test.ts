import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { manPage } from '../../src/cli/man-page.ts';
import { COMMAND_NAMES } from '../../src/config/commands.ts';
import { OPTION_NAMES, SPECS } from '../../src/config/schema.ts';
import { xraydHere } from '../fakes/command.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function need(program: string, { skip }: TestContext): void {
  if (spawnSync(program, ['--version']).error !== undefined) skip(`there is no ${program} here`);
}

async function fileOf(shell: string, name = `xrayd.${shell}`): Promise<string> {
  const { stdout } = await xraydHere(['completion', shell]);
  const file = join(scope.folder(), name);
  writeFileSync(file, stdout);
  return file;
}

/** What bash offers at the end of a command line. */
function offered(file: string, line: string): string[] {
  const script = `source "$1"; COMP_WORDS=(${line}); [[ "$2" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _xrayd; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', file, line], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n').sort();
}

test('bash completes commands, flags of the command, values and files', async (context) => {
  need('bash', context);
  const file = await fileOf('bash');
  expect(offered(file, 'xrayd ex')).toEqual(['export']);
  expect(offered(file, 'xrayd export --f')).toEqual(['--filter']);
  expect(offered(file, 'xrayd --buffer')).toEqual(['--buffer-memory']);
  expect(offered(file, 'xrayd --log-level w')).toEqual(['warn']);
  expect(offered(file, 'xrayd doctor --j')).toEqual(['--json']);
  expect(offered(file, 'xrayd doctor --buf')).toEqual(['--buffer-memory']);
  expect(offered(file, 'xrayd help doc')).toEqual(['doctor']);
  expect(offered(file, 'xrayd completion ')).toEqual(expect.arrayContaining(['bash', 'fish', 'zsh']));
  expect(offered(file, `xrayd import ${file.slice(0, -2)}`)).toEqual([file]);
  expect(offered(file, `xrayd --config ${file.slice(0, -2)}`)).toEqual([file]);
});

test.each([
  ['bash', ['-n']],
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
])('%s reads its script', async (shell, flags) => {
  const file = await fileOf(shell);
  const { error, stderr, status } = spawnSync(shell, [...flags, file], { encoding: 'utf8' });
  if (error !== undefined) return console.info(`skipped: there is no ${shell} here`);
  expect([status, stderr]).toEqual([0, '']);
});

test('fish completes commands and flags', async (context) => {
  need('fish', context);
  const file = await fileOf('fish');
  const ask = (line: string): string =>
    spawnSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`], {
      encoding: 'utf8',
      env: { ...process.env, HOME: scope.folder() },
    }).stdout;
  expect(ask('xrayd ex')).toMatch(/^export\tprint traces/);
  expect(ask('xrayd export --fil')).toMatch(/^--filter\t/);
  expect(ask('xrayd --buf')).toMatch(/^--buffer-memory\t/);
  expect(ask('xrayd --log-level w')).toMatch(/^warn/);
});

test('zsh loads its script from a folder of functions', async (context) => {
  need('zsh', context);
  const folder = join(scope.folder(), 'functions');
  mkdirSync(folder);
  writeFileSync(join(folder, '_xrayd'), (await xraydHere(['completion', 'zsh'])).stdout);
  const script = `fpath=(${folder} $fpath); autoload -U compinit; compinit -u -d ${folder}/dump; print $_comps[xrayd]`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' });
  expect([stdout.trim(), stderr]).toEqual(['_xrayd', '']);
});

test('the man page has every command, option and variable, and renders without a warning', (context) => {
  const page = manPage();
  for (const name of COMMAND_NAMES) expect(page).toContain(`.SS xrayd ${name}`);
  for (const name of OPTION_NAMES) expect(page).toContain(`\\-\\-${SPECS[name].flag.replaceAll('-', '\\-')}`);
  expect(page).toContain('XRAYD_BUFFER_MEMORY');
  need('mandoc', context);
  const { stdout, status } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: page, encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
});
