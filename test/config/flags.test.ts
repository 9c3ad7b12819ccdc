import { expect, test } from 'vitest';
import { parseFlags } from '../../src/config/flags.ts';
import { textOf } from '../../src/config/option.ts';
import { OPTION_NAMES, SPECS } from '../../src/config/schema.ts';
import { XraydError } from '../../src/pipeline/errors.ts';
import { MB } from '../../src/pipeline/units.ts';

const values = (...args: string[]): Record<string, unknown> =>
  Object.fromEntries(
    [...parseFlags(args).values].map(([name, value]) => [name, typeof value === 'object' ? textOf(value) : value]),
  );

test("the reference daemon's flags, short and long", () => {
  const pairs: [short: string, long: string, value: string, name: string, parsed: unknown][] = [
    ['a', 'resource-arn', 'arn:x', 'resourceArn', 'arn:x'],
    ['m', 'buffer-memory', '24', 'bufferBytes', 24 * MB],
    ['n', 'region', 'us-east-1', 'region', 'us-east-1'],
    ['b', 'bind', '0.0.0.0:2000', 'bind', '0.0.0.0:2000'],
    ['t', 'bind-tcp', '0.0.0.0:2000', 'bindTcp', '0.0.0.0:2000'],
    ['r', 'role-arn', 'arn:aws:iam::1:role/r', 'roleArn', 'arn:aws:iam::1:role/r'],
    ['c', 'config', '/tmp/cfg.yaml', 'config', '/tmp/cfg.yaml'],
    ['f', 'log-file', '/tmp/x.log', 'logFile', '/tmp/x.log'],
    ['l', 'log-level', 'dev', 'logLevel', 'dev'],
    ['p', 'proxy-address', 'http://p:1', 'proxyAddress', 'http://p:1'],
  ];
  for (const [short, long, value, name, parsed] of pairs) {
    for (const args of [
      [`-${short}`, value],
      [`--${short}=${value}`],
      [`-${long}`, value],
      [`--${long}`, value],
      [`-${long}=${value}`],
    ]) {
      expect(values(...args)).toEqual({ [name]: parsed });
    }
  }
  for (const args of [['-o'], ['--local-mode'], ['-o=true'], ['-o=1']])
    expect(values(...args)).toEqual({ localMode: true });
  expect(values('-o=false')).toEqual({ localMode: false });
  expect(values('-v')).toEqual({ version: true });
  expect(values('-V')).toEqual({ version: true });
  expect(values('--help')).toEqual({ help: true });
});

test('the last of two equal flags wins, and the command may precede or follow the flags', () => {
  expect(values('-b', '1.1.1.1:1', '-b', '2.2.2.2:2')).toEqual({ bind: '2.2.2.2:2' });
  expect(parseFlags(['-t', '0.0.0.0:2000', '-b', '0.0.0.0:2000', 'local']).command).toBe('local');
  expect(parseFlags(['local', '-b', '0.0.0.0:2000']).command).toBe('local');
  expect(parseFlags([]).command).toBe('daemon');
});

test('"" and 0 count as not set', () => {
  expect(values('-n', '', '-m', '0', '-r=')).toEqual({});
});

const WRONG: [args: string[], message: string][] = [
  [['--buffer-memry', '3'], 'unknown flag --buffer-memry. Did you mean --buffer-memory? See xrayd --help.'],
  [['--buffer', '3'], 'unknown flag --buffer. Did you mean --buffer-memory? See xrayd --help.'],
  [['-x'], 'unknown flag -x. See xrayd --help.'],
  [['--completely-else'], 'unknown flag --completely-else. See xrayd --help.'],
  [['nothing-like-it'], 'unknown command "nothing-like-it". The commands are daemon, local, run, export, '],
  [['locl'], 'unknown command "locl". Did you mean "local"? The commands are daemon, '],
  [['loacl'], 'unknown command "loacl". Did you mean "local"?'],
  [['lcoal'], 'unknown command "lcoal". Did you mean "local"?'],
  [['--bnid', '127.0.0.1:1'], 'unknown flag --bnid. Did you mean --bind? See xrayd --help.'],
  [['--hlep'], 'unknown flag --hlep. Did you mean --help? See xrayd --help.'],
  [['local', '--hlep'], 'unknown flag --hlep. Did you mean --help? See xrayd help local.'],
  [['--hlep', 'export'], 'unknown flag --hlep. Did you mean --help? See xrayd help export.'],
  [[`--${'x'.repeat(100_000)}`], 'unknown flag'],
  [['local', 'daemon'], 'unexpected argument "daemon" after the command local. See xrayd help local.'],
  [['-n'], '-n needs a value. See xrayd --help.'],
  [['-m', '2'], '-m must be between 3 and 65536 MB, not 2. See xrayd --help.'],
  [['-m', 'many'], '-m must be a whole number of MB, not "many". See xrayd --help.'],
  [['-b', '2000'], '-b must be host:port, such as 127.0.0.1:2000 or [::]:2000, not "2000". See xrayd --help.'],
  [
    ['--zipkin', 'OFF'],
    '--zipkin must be host:port, such as 127.0.0.1:2000 or [::]:2000, or off, not "OFF". See xrayd --help.',
  ],
  [['-b', '127.0.0.1:70000'], '-b must be host:port'],
  [['-p', 'ftp://x'], '-p must be a URL'],
  [['-o=maybe'], '-o must be true or false, not "maybe". See xrayd --help.'],
  [['---m', '5'], '"---m" is not a flag. See xrayd --help.'],
  [['-=5'], '"-=5" is not a flag.'],
  [['--=5'], '"--=5" is not a flag.'],
];
test.each(WRONG)('refuses %j with a helpful message', (args, message) => {
  expect(() => parseFlags(args)).toThrow(XraydError);
  expect(() => parseFlags(args)).toThrow(message);
});

test('does not repeat the password of a malformed proxy address', () => {
  expect(() => parseFlags(['-p', 'ftp://user:secret@x'])).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret') as string }) as Error,
  );
});

test('no two options share a flag', () => {
  const flags = OPTION_NAMES.flatMap((name) => [SPECS[name].flag, SPECS[name].short ?? []].flat());
  expect(new Set(flags).size).toBe(flags.length);
});

test('a URL with a value of its own may be given without one', () => {
  const otlpOf = (...args: string[]): string | undefined => {
    const url = parseFlags(['send', ...args]).values.get('otlp');
    return url instanceof URL ? url.href : undefined;
  };
  expect(otlpOf('--otlp')).toBe('http://127.0.0.1:4318/');
  expect(otlpOf('--otlp', '-h')).toBe('http://127.0.0.1:4318/');
  expect(otlpOf('--otlp', 'collector:4318')).toBe('http://collector:4318/');
  expect(otlpOf('--otlp=https://collector')).toBe('https://collector/');
  expect(() => parseFlags(['--endpoint', '-h'])).toThrow(/took the next flag/);
});
