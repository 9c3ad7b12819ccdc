import { expect, test } from 'vitest';
import { parseFlags } from '../../src/config/flags.ts';
import { mergeConfig, printConfig, type LoadedConfig } from '../../src/config/load.ts';
import { COMMAND_NAMES, UNCONFIGURED, type Command } from '../../src/config/commands.ts';
import { envNameOf, type AddressOption, type OptionValue } from '../../src/config/option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from '../../src/config/schema.ts';
import type { Address } from '../../src/pipeline/address.ts';
import { XraydError } from '../../src/pipeline/errors.ts';

/**
 * What a listener makes of a text, and what a client does, which needs somebody to call; undefined where it is refused.
 */
const ADDRESSES: readonly [text: string, listen: Address | undefined, connect?: Address | undefined][] = [
  [':2000', { host: '::', port: 2000 }, { host: 'localhost', port: 2000 }],
  ['0.0.0.0:2000', { host: '0.0.0.0', port: 2000 }],
  ['[::]:2000', { host: '::', port: 2000 }],
  ['[::1]:2000', { host: '::1', port: 2000 }],
  ['[::ffff:127.0.0.1]:2000', { host: '::ffff:127.0.0.1', port: 2000 }],
  ['[fe80::1%eth0]:2000', { host: 'fe80::1%eth0', port: 2000 }],
  ['localhost:2000', { host: 'localhost', port: 2000 }],
  ['xray_daemon-1.example.:2000', { host: 'xray_daemon-1.example.', port: 2000 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }, undefined],
  ['127.0.0.1:65535', { host: '127.0.0.1', port: 65_535 }],
  ...(
    [
      '0.0.0.0:', '127.0.0.1', 'localhost', '2000', '::1:2000', '::', '[::1]', '[]:2000', '[127.0.0.1]:2000', '[::1:2000', '[g::1]:2000',
      '127.0.0.1:65536', '127.0.0.1:99999999', '127.0.0.1:-1', '127.0.0.1:+1', '127.0.0.1:0x7d0', '127.0.0.1:2e3', '127.0.0.1:http',
      ' 127.0.0.1:2000', '127.0.0.1:2000 ', '127.0.0.1:2000\n', '\n127.0.0.1:2000', '127.0.0.1 :2000', '127.0.0.1:\t2000',
      '127.0.0.1:2000:2000', '127.1:2000', '0:2000', '256.0.0.1:2000', '1.2.3.4.5:2000', '*:2000', 'eth0%1:2000', 'a b:2000', 'a/b:2000',
      'http://127.0.0.1:2000', 'tcp://127.0.0.1:2000', 'udp:127.0.0.1:2000', 'user@host:2000', '-x:2000', '.:2000', 'a..b:2000',
      `${'a'.repeat(64)}:2000`, 'OFF', 'Off', 'none', 'false', '${BIND}', '\0:1', 'é:1',
    ] as const
  ).map((text) => [text, undefined] as [string, undefined]),
]; // prettier-ignore

const SDK_ADDRESSES: readonly [text: string, address: Address][] = [
  ['tcp:a:1 udp:b:2', { host: 'b', port: 2 }],
  ['udp:b:2 tcp:a:1', { host: 'b', port: 2 }],
  [' 127.0.0.1:2000 ', { host: '127.0.0.1', port: 2000 }],
];

type Loaded = LoadedConfig & { readonly value: OptionValue | undefined };

/** The option from a flag, and from its variable: both read it alike. */
function loadBoth(name: OptionName, command: Command, text: string): Loaded[] {
  const spec = SPECS[name];
  const sources = [
    { args: [command, `--${spec.flag}=${text}`], env: {} },
    { args: [command], env: { [envNameOf(spec) ?? '']: text } },
  ];
  const isCommandLineOnly = envNameOf(spec) === undefined;
  return (isCommandLineOnly ? sources.slice(0, 1) : sources).map(({ args, env }) => {
    const loaded = mergeConfig({ commandLine: parseFlags(args), env, file: undefined });
    return { ...loaded, value: (loaded.config as Partial<Record<OptionName, OptionValue>>)[name] };
  });
}

const ADDRESS_OPTIONS = OPTION_NAMES.filter((name) => SPECS[name].kind === 'address').flatMap((name) =>
  SPECS[name].commands.map((command) => [name, command] as const),
);

test.each(ADDRESS_OPTIONS)('%s of xrayd %s is a valid address, or is refused by name', (name, command) => {
  const { use, isDaemonAddress, flag } = SPECS[name] as AddressOption;
  for (const [text, listen, connect = listen] of ADDRESSES) {
    const wanted = text === '127.0.0.1:0' && use === 'connect' ? undefined : use === 'listen' ? listen : connect;
    if (wanted !== undefined) {
      for (const { value } of loadBoth(name, command, text)) expect(value, text).toEqual(wanted);
    } else if (isDaemonAddress !== true || (text.trim() === text && !text.startsWith('udp:'))) {
      const problem = problemOf(() => loadBoth(name, command, text));
      expect(problem).toContain(`--${flag}`);
      expect(problem).toContain(JSON.stringify(text));
    }
  }
  for (const [text, address] of SDK_ADDRESSES) {
    if (isDaemonAddress === true) for (const { value } of loadBoth(name, command, text)) expect(value).toEqual(address);
    else expect(problemOf(() => loadBoth(name, command, text))).toContain(`--${flag}`);
  }
});

test.each(ADDRESS_OPTIONS)('%s of xrayd %s can be off only where the table says so', (name, command) => {
  const { offIn = [], flag } = SPECS[name] as AddressOption;
  if (offIn.includes(command)) for (const { value } of loadBoth(name, command, 'off')) expect(value).toBe('off');
  else expect(problemOf(() => loadBoth(name, command, 'off'))).toMatch(new RegExp(`^--${flag} cannot be off`));
});

test('TCP can be off for the daemon, but not for the local X-Ray, whose API it serves', () => {
  expect(loadBoth('bindTcp', 'daemon', 'off').map(({ value }) => value)).toEqual(['off', 'off']);
  expect(problemOf(() => loadBoth('bindTcp', 'local', 'off'))).toBe(
    '--bind-tcp cannot be off for xrayd local: give host:port.',
  );
});

const OURS = OPTION_NAMES.filter(
  (name) => SPECS[name].kind === 'url' || (SPECS[name].kind === 'text' && SPECS[name].fileKey === undefined),
).filter((name) => !['filter', 'text', 'config'].includes(name));

test.each(OURS)('refuses %s with a variable that was not replaced, and says so', (name) => {
  const command = SPECS[name].commands[0]!;
  if (name === 'traceId' || name === 'failOn') return;
  for (const text of ['${THING}', '$(THING)', 'x-${THING}-y']) {
    const problem = problemOf(() => loadBoth(name, command, text));
    expect(problem).toContain(`--${SPECS[name].flag}`);
  }
});

test.each(['endpoint', 'proxyAddress', 'spool', 'data', 'save', 'proxyAllow', 'allowedHosts'] as const)(
  '%s, which is off unless it is set, does not accept "off"',
  (name) => {
    expect(problemOf(() => loadBoth(name, SPECS[name].commands[0]!, 'off'))).toMatch(
      / cannot be off: omit it, or leave it empty/,
    );
  },
);

test('refuses unusable paths, tokens and account IDs', () => {
  for (const text of ['/a b', '*', '/Traces"', 'all,$(X)'])
    expect(problemOf(() => loadBoth('proxyAllow', 'daemon', text))).toContain('--proxy-allow');
  for (const text of ['all', 'TraceSummaries', '/TraceSummaries, /Traces', '/v20180820/x:y'])
    loadBoth('proxyAllow', 'daemon', text);
  for (const text of [' ', 'a b', 'a\nb', 'é'])
    expect(problemOf(() => loadBoth('token', 'local', text))).toContain('--token contains');
  loadBoth('token', 'local', 'bm8+dG9r/ZW4=');
  for (const text of ['1', '12345678901a', '1234567890123'])
    expect(problemOf(() => loadBoth('accountId', 'local', text))).toContain(`"${text}"`);
});

const ODD = [
  ...ADDRESSES.map(([text]) => text),
  ...'off 0 -1 1 1.5 1e3 NaN true TRUE yes null [] {} http:// http://[ https://x:99999 file:///x //x http://u:p@x --region ../.. %s'.split(
    ' ',
  ),
  'x'.repeat(10_000),
  '9'.repeat(400),
];

test.each(OPTION_NAMES)('%s accepts an odd value, or refuses it in one line with its name', (name) => {
  for (const command of COMMAND_NAMES.filter((each) => !UNCONFIGURED.includes(each))) {
    for (const text of ODD) {
      let loaded: Loaded[];
      try {
        loaded = loadBoth(name, command, text);
      } catch (error) {
        expect(error, `${command} ${text}`).toBeInstanceOf(XraydError);
        expect((error as Error).message).toMatch(/^(--|XRAYD_)[a-zA-Z_-]+ .{1,400}$/);
        continue;
      }
      for (const each of loaded) expect(printConfig(each)).toContain('print-config');
    }
  }
});

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(XraydError);
    return (error as Error).message;
  }
  throw new Error('it was taken');
}
