/** The effect of a command line: the daemon exits with a code, or runs with these values. */
export type Outcome =
  | { readonly exit: number }
  | {
      readonly region?: string;
      readonly bufferMemory?: number;
      readonly logLevel?: 'debug' | 'info' | 'less';
      readonly localMode?: boolean;
    };

/**
 * A command line, and what aws-xray-daemon 3.6.6 does with it (checked by test/e2e/reference-config.test.ts, if it is
 * available).
 * If xrayd behaves differently, `differs` is the first cell of its row in docs/compatibility.md.
 */
export interface CommandLineCase {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly reference: Outcome;
  readonly ours?: Outcome;
  readonly differs?: string;
}

const same = (reference: Outcome, ...lines: string[][]): CommandLineCase[] =>
  lines.map((args) => ({ args, reference }));
const differs = (row: string, reference: Outcome, ours: Outcome, ...lines: string[][]): CommandLineCase[] =>
  lines.map((args) => ({ args, reference, ours, differs: row }));
const withEnv = (reference: Outcome, ...environments: Record<string, string>[]): CommandLineCase[] =>
  environments.map((env) => ({ args: [], env, reference }));

const RUNS: Outcome = {};
const ROLE = 'arn:aws:iam::123456789012:role/x';

/** Every test gives addresses first: `-b 127.0.0.1:0 -t 127.0.0.1:0 -o`, and AWS_REGION=us-east-1. */
export const COMMAND_LINES: readonly CommandLineCase[] = [
  // The grammar of Go's flag package.
  ...same(
    RUNS,
    [],
    ['-o'],
    ['--local-mode'],
    ['-n', ''],
    ['-n='],
    ['-v=false'],
    ['-a', 'foo'],
    ['-a', ''],
    ['-r', ''],
    ['-r', ROLE],
    ['-c', ''],
    ['-f', ''],
  ),
  ...same(
    { bufferMemory: 5 },
    ['-m', '5'],
    ['-m=5'],
    ['--m=5'],
    ['--buffer-memory', '5'],
    ['-buffer-memory=5'],
    ['-m', '+5'],
    ['-m', '9', '--buffer-memory', '5'],
  ),
  ...same(
    { bufferMemory: 16 },
    ['-m', '0x10'],
    ['-m', '0X10'],
    ['-m', '020'],
    ['-m', '0o20'],
    ['-m', '0b10000'],
    ['-m', '1_6'],
    ['-m', '0x1_0'],
  ),
  ...same({ region: 'b' }, ['-n', 'a', '--region', 'b'], ['-n', 'b'], ['--n=b'], ['-region', 'b']),
  ...same({ localMode: false }, ['-o=false'], ['-o=0'], ['-o=F'], ['-o=FALSE'], ['--local-mode=f'], ['-o', '-o=False']),
  ...same({ localMode: true }, ['-o=true'], ['-o=1'], ['-o=T'], ['-o=TRUE'], ['--local-mode=t']),
  ...same({ exit: 0 }, ['-h'], ['--help'], ['-help'], ['-v'], ['--version'], ['-version'], ['-v=true']),
  ...same(
    { exit: 2 },
    ['-m'],
    ['-c'],
    ['-x'],
    ['-x=1'],
    ['--regoin', 'a'],
    ['---m', '5'],
    ['-=5'],
    ['--=5'],
    ['-mo', '5'],
    ['-om', '5'],
    ['-o=yes'],
    ['-o=maybe'],
  ),
  ...same(
    { exit: 2 },
    ['-m', 'five'],
    ['-m', '5.0'],
    ['-m', '1e1'],
    ['-m', ' 5'],
    ['-m', '5MB'],
    ['-m', '08'],
    ['-m', '1__6'],
    ['-m', '_5'],
    ['-m', '99999999999999999999'],
    ['-m=5=6'],
  ),
  ...same({ exit: 1 }, ['-m', '2'], ['-m', '1'], ['-m', '0x2']),
  ...same(RUNS, ['-m', '0'], ['-m', '-5'], ['-m', '-0']),
  // An argument that is not a flag ends the flags.
  ...same(
    RUNS,
    ['--', '-m', '5'],
    ['', '-m', '5'],
    ['-'],
    ['-o', 'true', '-m', '5'],
    ['--local-mode', 'false', '-n', 'b'],
    ['-o', 'something', '-m', 'x'],
  ),
  ...same({ bufferMemory: 5 }, ['-m', '5', '--', '-m', '6'], ['-m', '5', 'true', '-m', '6']),
  // Levels.
  ...same({ logLevel: 'debug' }, ['-l', 'dev'], ['-l', 'debug'], ['--log-level=debug']),
  ...same(
    { logLevel: 'info' },
    ['-l', 'info'],
    ['-l', 'prod'],
    ['-l', 'INFO'],
    ['-l', 'PROD'],
    ['-l', 'loud'],
    ['-l', ''],
    ['-l', 'trace'],
    ['-l', 'off'],
  ),
  ...same({ logLevel: 'less' }, ['-l', 'warn'], ['-l', 'error']),
  ...differs(
    'Log level: different case, or `warning`',
    { logLevel: 'info' },
    { logLevel: 'less' },
    ['-l', 'warning'],
    ['-l', 'WARN'],
    ['-l', 'Error'],
  ),
  ...differs('Log level: different case, or `warning`', { logLevel: 'info' }, { logLevel: 'debug' }, ['-l', 'DEBUG']),
  // Regions.
  ...same({ region: 'cn-north-1' }, ['-n', 'cn-north-1']),
  ...same({ region: 'us-gov-west-1' }, ['-n', 'us-gov-west-1']),
  ...same({ region: '123' }, ['-n', '123']),
  ...same(
    { exit: 1 },
    ['-n', 'us-west-2\n'],
    ['-n', 'us-west-2\r'],
    ['-n', ' us-west-2'],
    ['-n', 'us west'],
    ['-n', '${AWS_REGION}'],
    ['-n', 'a\nb'],
    ['-n', 'a:1'],
    ['-n', '  '],
  ),
  ...withEnv({ exit: 1 }, { AWS_REGION: 'us-west-2\n' }, { AWS_REGION: ' us-west-2' }, { AWS_REGION: '${REGION}' }),
  ...differs('An invalid region', RUNS, { exit: 1 }, ['-n', '$AWS_REGION'], ['-n', 'us_west_2'], ['-n', 'us/west'], ['-n', 'é'], ['-n', '"us-west-2"'], ['-n', 'us-west-2.foo'], ['-n', '-'], ['-n', 'us-west-2,'], ['-n', 'a'.repeat(80)]), // prettier-ignore
  ...differs('A region in capitals', { region: 'US-WEST-2' }, { region: 'us-west-2' }, ['-n', 'US-WEST-2']),
  ...differs(
    'A flag that takes the next flag as its value',
    RUNS,
    { exit: 1 },
    ['--region', '--local-mode'],
    ['-n', '-o'],
    ['-r', '--region'],
    ['-p', '--region'],
    ['-a', '--log-level'],
  ),
  // Roles, proxies, addresses, files.
  ...differs(
    'An invalid role',
    RUNS,
    { exit: 1 },
    ['-r', 'foo'],
    ['-r', '${ROLE}'],
    ['-r', ` ${ROLE}`],
    ['-r', `${ROLE}\n`],
  ),
  ...same(
    RUNS,
    ['-p', 'http://127.0.0.1:1'],
    ['-p', 'HTTP://127.0.0.1:1'],
    ['-p', 'http://u:p@127.0.0.1:1'],
    ['-p', 'https://127.0.0.1:1'],
    ['-p', 'http://127.0.0.1:1/path'],
    ['-p', 'foo'],
    ['-p', ''],
  ),
  ...same(
    { exit: 1 },
    ['-p', '::'],
    ['-p', '://x'],
    ['-p', 'http://127.0.0.1:x'],
    ['-p', 'http://a b'],
    ['-p', ' http://a'],
    ['-p', 'http://a\nb'],
  ),
  ...differs(
    'A proxy that is not HTTP',
    RUNS,
    { exit: 1 },
    ['-p', 'ftp://x'],
    ['-p', 'socks5://127.0.0.1:1'],
    ['-p', 'http://'],
  ),
  ...differs('A proxy without a scheme', { exit: 1 }, RUNS, ['-p', '127.0.0.1:3128']),
  ...withEnv({ exit: 1 }, { HTTPS_PROXY: '::' }, { HTTPS_PROXY: 'http://a b' }, { AWS_ENDPOINT_URL: '::' }),
  ...withEnv(
    RUNS,
    { https_proxy: '::' },
    { HTTP_PROXY: '::' },
    { NO_PROXY: '::::' },
    { AWS_XRAY_DAEMON_ADDRESS: '::' },
    { HTTPS_PROXY: 'foo' },
  ),
  ...same({ exit: 1 }, ['-b', '2000'], ['-b', '127.0.0.1'], ['-b', '::'], ['-b', '127.0.0.1:99999'], ['-b', '127.0.0.1:-1'], ['-b', 'off'], ['-b', '::1:2000'], ['-b', ' 127.0.0.1:0'], ['-b', 'udp:127.0.0.1:0'], ['-b', '127.1:0']), // prettier-ignore
  ...same({ exit: 1 }, ['-t', '2000'], ['-t', '127.0.0.1'], ['-t', '127.0.0.1:99999']),
  ...same(
    RUNS,
    ['-b', ':0'],
    ['-b', 'localhost:0'],
    ['-b', '[::]:0'],
    ['-b', ''],
    ['-t', ':0'],
    ['-t', 'localhost:0'],
    ['-t', ''],
    ['-b', '0.0.0.0:0'],
  ),
  ...differs('`-t off`', { exit: 1 }, RUNS, ['-t', 'off']),
  ...differs(
    'An address without a port, with a port name, or with a signed port',
    RUNS,
    { exit: 1 },
    ['-b', '127.0.0.1:'],
    ['-b', ':domain'],
    ['-t', '127.0.0.1:http'],
  ),
  ...differs('An address without a port, with a port name, or with a signed port', RUNS, { exit: 1 }, [
    '-b',
    '[127.0.0.1]:0',
  ]),
  ...differs('`-m ""`', { exit: 2 }, RUNS, ['-m', ''], ['-m=']),
  ...differs('`-o=`', { exit: 2 }, RUNS, ['-o=']),
  ...differs('A word in the place of a command', RUNS, { exit: 2 }, ['locl'], ['-o', 'locall']),
  ...same({ exit: 1 }, ['-c', '/nonexistent/cfg.yaml'], ['-c', '/']),
];
