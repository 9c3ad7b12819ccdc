import { expect, test } from 'vitest';
import { parseFlags, type CommandLine } from '../../src/config/flags.ts';
import { mergeConfig, printConfig, type LoadedConfig } from '../../src/config/load.ts';
import { COMMAND_NAMES, subjectOf } from '../../src/config/commands.ts';
import { envNameOf, writtenAs, type OptionSpec, type OptionValue } from '../../src/config/option.ts';
import { parseConfigFile } from '../../src/config/parse-file.ts';
import { OPTION_NAMES, SPECS } from '../../src/config/schema.ts';

const ROLE = 'arn:aws:iam::123456789012:role/xray';

function load(args: string[], env: Record<string, string> = {}, file?: string): LoadedConfig<'daemon'> {
  return mergeConfig({
    commandLine: { ...parseFlags(args), command: 'daemon' },
    env,
    file: file === undefined ? undefined : parseConfigFile('cfg.yaml', `${file}\nVersion: 2\n`),
  });
}

function validTextOf(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'number':
      return String(spec.min);
    case 'switch':
      return 'true';
    case 'address':
      return 'h:1';
    case 'url':
      return 'http://h:1';
    case 'text':
      if (spec.form === 'region') return 'us-east-1';
      if (spec.form === 'account') return '123456789012';
      return spec.form === 'role' ? ROLE : (spec.choices?.[0] ?? 'h');
  }
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

test('every option except those of the command line has a variable', () => {
  for (const name of OPTION_NAMES) {
    const spec = SPECS[name];
    const variable = envNameOf(spec);
    if (variable === undefined) continue;
    const text = validTextOf(spec);
    for (const command of spec.commands) {
      const { config, origins } = mergeConfig({
        commandLine: parseFlags([command]),
        env: { [variable]: text },
        file: undefined,
      });
      expect([name, writtenAs(spec, (config as Record<string, OptionValue>)[name]), origins[name]]).toEqual([
        name,
        text,
        variable,
      ]);
    }
  }
});

test('names a variable with an unusable value', () => {
  expect(() => load([], { XRAYD_BUFFER_MEMORY: 'x' })).toThrow(
    'XRAYD_BUFFER_MEMORY must be a whole number of MB, not "x"',
  );
});

test('--print-config shows each value with its origin, and no password', () => {
  const text = printConfig(load(['-p', 'http://user:secret@p:1'], { XRAYD_LOG_LEVEL: 'warn' }, 'TotalBufferSizeMB: 9'));
  expect(text).toMatch(/^buffer-memory +9 +cfg\.yaml line 1$/m);
  expect(text).toMatch(/^log-level +warn +XRAYD_LOG_LEVEL$/m);
  expect(text).toMatch(/^bind +127\.0\.0\.1:2000 +default$/m);
  expect(text).toMatch(/^proxy-address +http:\/\/\*\*\*@p:1 +-p$/m);
  expect(text).not.toContain('secret');
});

const NUMBERS = OPTION_NAMES.flatMap((name) => {
  const spec = SPECS[name];
  return spec.kind === 'number' ? [{ name, spec }] : [];
});

test.each(NUMBERS)(
  '$name is stored in the unit of its name, whatever its source, and printed as the user wrote it',
  ({ name, spec }) => {
    const factor = name.endsWith('Ms')
      ? spec.unit === 'minutes'
        ? 60_000
        : 1_000
      : name.endsWith('Bytes')
        ? 1_048_576
        : 1;
    const command = spec.commands[0]!;
    const sources = [
      { args: [`--${spec.flag}=${spec.min}`], env: {}, file: undefined },
      { args: [], env: { [envNameOf(spec)!]: String(spec.min) }, file: undefined },
      ...(spec.fileKey === undefined
        ? []
        : [{ args: [], env: {}, file: parseConfigFile('cfg.yaml', `${spec.fileKey}: ${spec.min}\nVersion: 2\n`) }]),
    ];
    for (const { args, env, file } of sources) {
      const loaded = mergeConfig({ commandLine: parseFlags([command, ...args]), env, file });
      expect((loaded.config as Record<string, unknown>)[name]).toBe(spec.min * factor);
      expect(printConfig(loaded)).toMatch(new RegExp(`^${spec.flag} +${spec.min} `, 'm'));
    }
    const unset = mergeConfig({ commandLine: parseFlags([command]), env: {}, file: undefined });
    expect((unset.config as Record<string, unknown>)[name]).toBe(spec.default * factor);
  },
);

test('limits a buffer to the reference’s maximum, in bytes', () => {
  expect(load(['-m', '70000']).config.bufferBytes).toBe(65_536 * 1_048_576);
});

test('the configuration cannot be changed once it is merged', () => {
  expect(Object.isFrozen(load([]).config)).toBe(true);
});

test('an endpoint without a scheme uses https, a proxy http', () => {
  const { config } = load(['--endpoint', 'vpce-1.xray.example', '-p', 'proxy.example:3128']);
  expect([config.endpoint?.href, config.proxyAddress?.href]).toEqual([
    'https://vpce-1.xray.example/',
    'http://proxy.example:3128/',
  ]);
});

test('warns of a variable that does not exist, but not of one of another command, a Kubernetes Service or a linked container', () => {
  const { warnings } = load([], {
    XRAYD_BUFER_MEMORY: '9',
    xrayd_region: 'x',
    XRAYD_SOMETHING_ELSE: '1',
    XRAYD_FAIL_ON: 'fault',
    XRAYD_TO: 'not an address',
    XRAYD_PORT: 'tcp://10.0.0.1:2000',
    XRAYD_PORT_2000_UDP_ADDR: '10.0.0.1',
    XRAYD_LOCAL_SERVICE_PORT_XRAY_TCP: '2000',
    XRAYD_SERVICE_HOST: '10.0.0.1',
    XRAYDX: '1',
  });
  expect(warnings).toEqual([
    'unknown variable XRAYD_BUFER_MEMORY. Did you mean XRAYD_BUFFER_MEMORY?',
    'unknown variable xrayd_region. Did you mean XRAYD_REGION?',
    'unknown variable XRAYD_SOMETHING_ELSE. xrayd help daemon lists the flags; each has a variable.',
  ]);
});

test('refuses a flag that the command does not use; before the command, as in an ENTRYPOINT, it is a warning', () => {
  for (const name of OPTION_NAMES) {
    const spec = SPECS[name];
    const flag = `--${spec.flag}=${validTextOf(spec)}`;
    for (const command of COMMAND_NAMES.filter((each) => subjectOf(each, []) === undefined)) {
      const isUsed = spec.commands.includes(command);
      const after = (): unknown => parseFlags([command, flag]).values.get(name);
      if (isUsed) expect(after()).toBeDefined();
      else
        expect(after, `${command} ${flag}`).toThrow(
          `--${spec.flag} is not used by xrayd ${command}, only by xrayd ${spec.commands[0]}`,
        );
      const before = parseFlags([flag, command]);
      expect([before.unused, before.values.has(name)]).toEqual(isUsed ? [[], true] : [[`--${spec.flag}`], false]);
      const { warnings } = mergeConfig({
        commandLine: before.values.has('tee') ? parseFlags([command, '--tee']) : { ...before, values: new Map() },
        env: {},
        file: undefined,
      });
      expect(warnings).toEqual(isUsed ? [] : [`--${spec.flag} is not used by xrayd ${command}`]);
    }
    if (!spec.commands.includes('daemon')) expect(() => parseFlags([flag])).toThrow('is not used by xrayd daemon');
  }
});

test('refuses a flag that needs --tee without it, and only warns of it in a file', () => {
  const local = (args: string[], env: Record<string, string> = {}): LoadedConfig =>
    mergeConfig({
      commandLine: parseFlags(['local', ...args]),
      env,
      file: parseConfigFile('cfg.yaml', `RoleARN: ${ROLE}\nRegion: x\nResourceARN: a\nVersion: 2\n`),
    });
  expect(() => local(['--role-arn', ROLE])).toThrow('--role-arn is not used without --tee. See xrayd help local.');
  expect(local([], { XRAYD_ROLE_ARN: ROLE }).warnings).toEqual([
    'cfg.yaml line 3: ResourceARN is not used by xrayd local',
    'cfg.yaml line 1: RoleARN is not used without --tee',
  ]);
  expect(local(['--tee', '--role-arn', ROLE]).warnings).toEqual([
    'cfg.yaml line 3: ResourceARN is not used by xrayd local',
  ]);
});

test('refuses an option that another one makes useless, or warns of it by name', () => {
  const ask = (args: string[], env: Record<string, string> = {}): LoadedConfig<'export'> =>
    mergeConfig({ commandLine: { ...parseFlags(['export', ...args]), command: 'export' }, env, file: undefined });
  const id = ['--trace-id', '1-5f84c7a1-0123456789abcdef01234567'];
  for (const more of [
    ['--filter', 'fault'],
    ['--text', 'acme'],
    ['--since', '5'],
  ]) {
    expect(() => ask([...id, ...more]), more.join(' ')).toThrow(
      `${more[0]} is not used with --trace-id. See xrayd help export.`,
    );
    expect(ask(more).warnings).toEqual([]);
  }
  expect(ask(id, { XRAYD_FILTER: 'fault' }).warnings).toEqual(['XRAYD_FILTER is not used with --trace-id']);
  expect(load(['--role-external-id', 'x', '--spool-size', '50']).warnings).toEqual([
    '--role-external-id is not used without --role-arn',
    '--spool-size is not used without --spool',
  ]);
  expect(load(['--role-external-id', 'x', '-r', ROLE, '--spool-size', '50', '--spool', '/s']).warnings).toEqual([]);
});

test('--print-config shows what the command uses, and nothing else', () => {
  const { command, config, origins, warnings } = mergeConfig({
    commandLine: parseFlags(['export']),
    env: {},
    file: undefined,
  });
  const flags = printConfig({ command, config, origins, warnings })
    .split('\n')
    .map((line) => line.split(' ')[0]);
  expect(flags).toEqual(['print-config', 'token', 'api', 'trace-id', 'filter', 'text', 'since', 'wait', 'save', '']);
});

test('a local X-Ray has one address: TCP follows a --bind on loopback, unless it has its own', () => {
  const tcpOf = (...args: string[]): unknown[] => {
    const commandLine = parseFlags(args) as CommandLine<'local'>;
    const { config, origins } = mergeConfig({ commandLine, env: {}, file: undefined });
    return [config.bindTcp, origins.bindTcp];
  };
  const usual = { host: '127.0.0.1', port: 2000 };
  expect(tcpOf('local', '--bind', '127.0.0.1:2100')).toEqual([{ host: '127.0.0.1', port: 2100 }, '--bind']);
  expect(tcpOf('local', '--bind', '127.0.0.1:2100', '-t', '127.0.0.1:9')).toEqual([
    { host: '127.0.0.1', port: 9 },
    '-t',
  ]);
  expect(tcpOf('local', '--bind', '0.0.0.0:2100')).toEqual([usual, 'default']);
  expect(tcpOf('daemon', '--bind', '127.0.0.1:2100')).toEqual([usual, 'default']);
});

test('no default text widens the table of --print-config', () => {
  for (const { defaultText = '' } of Object.values<OptionSpec>(SPECS)) expect(defaultText.length).toBeLessThan(72);
});
