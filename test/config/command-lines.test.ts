import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config/file.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { configFileNameOf, mergeConfig } from '../../src/config/load.ts';
import { XraydError } from '../../src/pipeline/errors.ts';
import { COMMAND_LINES, type Outcome } from '../fakes/command-lines.ts';
import { CONFIG_FILES } from '../fakes/config-files.ts';
import { MB } from '../../src/pipeline/units.ts';

interface Result {
  readonly outcome: Outcome;
  readonly message: string;
}

/** What becomes of the command line, up to the start. */
async function load(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Result & { warnings: readonly string[] }> {
  const all = { AWS_REGION: 'us-east-1', ...env };
  try {
    const commandLine = parseFlags(['-o', '-b', '127.0.0.1:0', '-t', '127.0.0.1:0', ...args]);
    if (commandLine.values.has('help') || commandLine.values.get('version') === true)
      return { outcome: { exit: 0 }, message: '', warnings: [] };
    const file = await readConfigFile(configFileNameOf(commandLine, all), []);
    const { config, warnings } = mergeConfig({ commandLine: { ...commandLine, command: 'daemon' }, env: all, file });
    const { region, bufferBytes, logLevel: level, localMode } = config;
    const logLevel =
      level === 'dev' || level === 'debug' ? 'debug' : level === 'info' || level === 'prod' ? 'info' : 'less';
    return { outcome: { region, bufferMemory: bufferBytes / MB, logLevel, localMode }, message: '', warnings };
  } catch (error) {
    if (!(error instanceof XraydError)) throw error;
    return { outcome: { exit: error.exitCode }, message: error.message, warnings: [] };
  }
}

for (const { args, env, reference, ours = reference, differs } of COMMAND_LINES) {
  const setting = [
    ...args.map((arg) => JSON.stringify(arg)),
    ...Object.entries(env ?? {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ];
  test(`${setting.join(' ') || 'no flag'}: ${differs === undefined ? 'as the reference' : `a listed difference, ${differs}`}`, async () => {
    const { outcome, message } = await load(args, env);
    expect(outcome).toMatchObject(ours);
    // One line, and nothing of ours or of a library's inside.
    if ('exit' in outcome && outcome.exit > 0) expect(message).toMatch(/^[^\n\t]+[.:?\w"]$/);
  });
}

test('every difference of a command line or a file is in docs/compatibility.md', () => {
  const rows = readFileSync('docs/compatibility.md', 'utf8').split('\n');
  const missing = [...COMMAND_LINES, ...CONFIG_FILES].flatMap(({ differs }) =>
    differs === undefined || rows.some((row) => row.startsWith(`| ${differs} |`)) ? [] : [differs],
  );
  expect([...new Set(missing)]).toEqual([]);
});

test.each<[args: string[], env: Record<string, string>, message: string]>([
  [
    ['-n', 'us-west-2\n'],
    {},
    '-n is "us-west-2\\n", which is not a region such as us-east-1: a line break came with it. Was it read from a file? See xrayd --help.',
  ],
  [
    [],
    { AWS_REGION: '${AWS_REGION}' },
    'AWS_REGION is "${AWS_REGION}", which is not a region such as us-east-1: the variable in it was not replaced',
  ],
  [
    [],
    { XRAYD_REGION: ' us-west-2' },
    'XRAYD_REGION is " us-west-2", which is not a region such as us-east-1: it has a leading or trailing blank',
  ],
  [
    ['-n', '"us-west-2"'],
    {},
    '-n is "\\"us-west-2\\"", which is not a region such as us-east-1: the quotes are part of the value. See xrayd --help.',
  ],
  [
    ['--region', '--local-mode'],
    {},
    '--region took the next flag, "--local-mode", as its value. Is a variable empty? Write --region="$NAME", or omit the flag. See xrayd --help.',
  ],
  [
    ['-r', '${ROLE}'],
    {},
    '-r is "${ROLE}", which is not a role such as arn:aws:iam::123456789012:role/xray: the variable in it was not replaced. See xrayd --help.',
  ],
  [['--endpoint', 'ftp://x'], {}, '--endpoint must be a URL with http or https, not "ftp://x". See xrayd --help.'],
  [
    ['--endpoint', 'http://exa\nmple'],
    {},
    '--endpoint must be a URL, such as http://proxy.example:3128, not "http://exa\\nmple": a line break came with it. Was it read from a file? See xrayd --help.',
  ],
  [
    [],
    { HTTPS_PROXY: 'socks5://u:secret@x:1' },
    'HTTPS_PROXY must be a URL with http or https, not "socks5://***@x:1"',
  ],
  [['-m', '2'], {}, '-m must be between 3 and 65536 MB, not 2. See xrayd --help.'],
  [['-f', 'x.log\n'], {}, '-f is "x.log\\n": a line break came with it. Was it read from a file? See xrayd --help.'],
  [['-c', '/nonexistent/cfg.yaml'], {}, 'cannot read /nonexistent/cfg.yaml: it does not exist'],
  [['-c', '/'], {}, 'cannot read /: it is a folder'],
])(
  '%j %j ends the start with one line that names the setting, its value and the remedy',
  async (args, env, message) => {
    expect((await load(args, env)).message).toBe(message);
  },
);

test.each<[args: string[], env: Record<string, string>, warning: string]>([
  [['-l', 'loud'], {}, '-l is "loud", which is not one of dev, debug, info, warn, error, prod: it is ignored'],
  [['-n', 'US-WEST-2'], {}, '-n is "US-WEST-2": regions are lower-case, us-west-2 is used'],
  [['-m', '-5'], {}, '-m is -5: it is ignored'],
  [['-m', '70000'], {}, '-m is 70000: 65536 MB are used, the maximum'],
  [['--concurrency', '1000'], {}, '--concurrency is 1000: 256 calls are used, the maximum'],
  [
    [],
    { https_proxy: '::' },
    'https_proxy must be a URL, such as http://proxy.example:3128, not "::": check where it is set; it is ignored',
  ],
  [
    ['-o', 'true', '-m', '5'],
    {},
    'the flags end at an argument that is not a flag; ignored, as by aws-xray-daemon: "true" "-m" "5". The value of a switch must follow "=": -o=true.',
  ],
  [
    ['', '-m', '5'],
    {},
    'the flags end at an argument that is not a flag; ignored, as by aws-xray-daemon: "" "-m" "5".',
  ],
])('%j %j starts with one line that says what is not used', async (args, env, warning) => {
  expect((await load(args, env)).warnings).toEqual([warning]);
});
