/**
 * Configuration files, and the effect of each on aws-xray-daemon 3.6.6 with -c: the option's value, or `refused` (it
 * exits with 1).
 * Every refusal was recorded from the reference.
 */
export interface ConfigFileCase {
  readonly text: string | Buffer;
  /** The option that the file sets; the region by default. */
  readonly option?: 'region' | 'resourceArn' | 'concurrency' | 'bufferMemory' | 'localMode' | 'logLevel';
  /** undefined: not set. */
  readonly value?: string | number | boolean | undefined;
  readonly isRefused?: true;
  /** If xrayd behaves differently: the first cell of its row in docs/compatibility.md. `value` is xrayd's. */
  readonly differs?: string;
}

const refused = (...texts: (string | Buffer)[]): ConfigFileCase[] => texts.map((text) => ({ text, isRefused: true }));
const under2 = (line: string): string => `Version: 2\n${line}\n`;

/** A scalar for a text option: the text as written, whatever its YAML value. */
const TEXTS: [written: string, value: string | undefined][] = [
  ['eu-west-1', 'eu-west-1'],
  ['"eu-west-1"', 'eu-west-1'],
  ["'eu-west-1'", 'eu-west-1'],
  ['123', '123'],
  ['1_000', '1_000'],
  ['0x10', '0x10'],
  ['010', '010'],
  ['1e3', '1e3'],
  ['yes', 'yes'],
  ['Off', 'Off'],
  ['true', 'true'],
  ['2001-01-01', '2001-01-01'],
  ['!!str 123', '123'],
  ['!own x', 'x'],
  ['>-\n  eu-west-1', 'eu-west-1'],
  ['|-\n  eu-west-1', 'eu-west-1'],
  ['x # a comment', 'x'],
  ['x#y', 'x#y'],
  ['=', '='],
  ['.5', '.5'],
  ['|\n  two\n  lines', 'two\nlines\n'],
  ['"a\\nb"', 'a\nb'],
  ['1:10', '1:10'],
  ['', undefined],
  ['~', undefined],
  ['null', undefined],
  ['""', undefined],
];

const NUMBERS: [written: string, value: number | undefined | 'refused'][] = [
  ['10', 10],
  ['+10', 10],
  ['1_0', 10],
  ['010', 8],
  ['09', 9],
  ['0x10', 16],
  ['0X10', 16],
  ['0b1010', 10],
  ['0o20', 16],
  ['10.0', 10],
  ['10.9', 10],
  ['1e1', 10],
  ['0', undefined],
  ['-5', undefined],
  ['0.5', undefined],
  ['', undefined],
  ['~', undefined],
  ['"10"', 'refused'],
  ["'10'", 'refused'],
  ['""', 'refused'],
  ['ten', 'refused'],
  ['true', 'refused'],
  ['1:10', 'refused'],
  ['10MB', 'refused'],
  ['10 MB', 'refused'],
  ['2', 'refused'],
  ['[10]', 'refused'],
  ['99999999999999999999', 'refused'],
  ['2001-01-01', 'refused'],
  ['!!str 10', 'refused'],
];

const SWITCHES: [written: string, value: boolean | undefined | 'refused'][] = [
  ...['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'y', 'Y', 'on', 'On', 'ON'].map((text): [string, boolean] => [
    text,
    true,
  ]),
  ...['false', 'False', 'FALSE', 'no', 'No', 'NO', 'n', 'N', 'off', 'Off', 'OFF'].map((text): [string, boolean] => [
    text,
    false,
  ]),
  ['', undefined],
  ['null', undefined],
  ['!!bool "true"', true],
  ...['"true"', "'yes'", '1', '0', 'oN', 'tRue', 't', 'f', '""', '[true]', 'maybe'].map((text): [string, 'refused'] => [
    text,
    'refused',
  ]),
];

const scalars = (
  option: NonNullable<ConfigFileCase['option']>,
  key: string,
  rows: readonly (readonly [string, ConfigFileCase['value']])[],
): ConfigFileCase[] =>
  rows.map(([written, value]) => {
    const text = under2(`${key}: ${written}`);
    return option !== 'resourceArn' && value === 'refused' ? { text, isRefused: true } : { text, option, value };
  });

const LEVELS = 'Log level: different case, or `warning`';
const region = (text: string | Buffer, value: string | undefined): ConfigFileCase => ({
  text,
  option: 'region',
  value,
});

export const CONFIG_FILES: readonly ConfigFileCase[] = [
  ...scalars('resourceArn', 'ResourceARN', TEXTS),
  ...scalars('bufferMemory', 'TotalBufferSizeMB', NUMBERS),
  ...scalars('localMode', 'LocalMode', SWITCHES),
  { text: under2('Concurrency: -1'), option: 'concurrency', value: undefined },
  ...[
    ['WARN', 'warn'],
    ['warning', 'warn'],
    ['loud', undefined],
    ['5', undefined],
  ].map(([level, value]): ConfigFileCase => ({
    text: under2(`Logging:\n  LogLevel: ${level}`),
    option: 'logLevel',
    value,
    differs: LEVELS,
  })),
  { text: under2('Logging:\n  LogLevel: warn'), option: 'logLevel', value: 'warn' },
  // The form of the file.
  region('Version: 2', undefined),
  region('{Version: 2, Region: x}', 'x'),
  region('{"Version": 2, "Region": "x"}', 'x'),
  region('"Version": 2\n\'Region\': x\n', 'x'),
  region('? Version\n: 2\n? Region\n: x\n', 'x'),
  region('  Version: 2\n  Region: x\n', 'x'),
  region('---\nVersion: 2\nRegion: x\n...\n', 'x'),
  region('%YAML 1.1\n---\nVersion: 2\nRegion: x\n', 'x'),
  region('Version: 2\nRegion: x\n---\nVersion: 3\nRegion: [\n', 'x'),
  region('\ufeffVersion: 2\nRegion: x\n', 'x'),
  region(Buffer.from('\ufeffVersion: 2\nRegion: x\n', 'utf16le'), 'x'),
  region(Buffer.from('\ufeffVersion: 2\nRegion: x\n', 'utf16le').swap16(), 'x'),
  region('Version: 2\r\nRegion: x\r\n', 'x'),
  region('# a comment\n\nVersion: 2 # another\n\nRegion: x\n', 'x'),
  // Repeated keys, aliases, merge keys.
  region('Version: 2\nRegion: x\nRegion: y\n', 'y'),
  region('Version: 2\nRegion: x\nRegion:\n', undefined),
  region('Version: 2\nVersion: 2\nRegion: x\n', 'x'),
  region('Version: 2\nRegion: &r x\nResourceARN: *r\n', 'x'),
  region('Version: 2\nResourceARN: &r x\nRegion: *r\n', 'x'),
  region('Version: 2\n<<: {Region: x}\n', 'x'),
  region('Version: 2\nRegion: y\n<<: {Region: x}\n', 'x'),
  region('Version: 2\n<<: {Region: x}\nRegion: y\n', 'y'),
  region('Version: 2\n<<: [{Region: x}, {Region: y}]\n', 'x'),
  { text: 'Version: 2\nLogging:\n  <<: {LogLevel: dev}\n', option: 'logLevel', value: 'dev' },
  { text: 'Version: 2\nLogging: {LogRotation: false}\nLogging: {LogLevel: dev}\n', option: 'logLevel', value: 'dev' },
  region('Version: 2\nLogging: {}\nRegion: x\n', 'x'),
  region('Version: 2\nproxyserver:\n  maxidleconns: 3\nRegion: x\n', 'x'),
  region('Version: 1\nRegion: x\n', 'x'),
  region('Version: 2.0\nRegion: x\n', 'x'),
  region('Version: 0x2\nRegion: x\n', 'x'),
  region('Version: 02\nRegion: x\n', 'x'),
  ...refused(
    '',
    '# only a comment\n',
    'Region: x\n',
    'Version:\n',
    'Version: 3\n',
    'Version: 0\n',
    'Version: "2"\n',
    'Version: two\n',
    'version: 2\n',
    'just text',
    '5\n',
    '[1]\n',
    under2('region: x'),
    under2('Foo: 1'),
    under2('Socket:\n  Foo: 1'),
    under2('LogLevel: info'),
    under2('LogRotation: true'),
    under2('Profile:\n  CPU: x'),
    under2('ProxyServer:\n  MaxIdleConns: 3'),
    under2('1: 2'),
    under2('true: 2'),
    under2('Region: [a]'),
    under2('Region: {a: b}'),
    under2('Region: {{ x }}'),
    under2('Region: a: b'),
    under2('Region: @x'),
    under2('Region: `x'),
    under2('Region: %x'),
    under2('Region: *none'),
    under2('Region: "x'),
    under2('Region: |\n  eu-west-1'),
    under2('Region: "a\\nb"'),
    under2('Region: ${AWS_REGION}'),
    under2('Region: "eu west"'),
    under2('Region: " eu-west-1"'),
    under2('Socket: 5'),
    under2('Socket: text'),
    under2('Socket: []'),
    under2('Socket:\n- a'),
    under2('  Region: x'),
    under2('\tRegion: x'),
    under2('Logging:\n\tLogLevel: info'),
    under2('Logging:\n  LogRotation: 5'),
    under2('Concurrency: two'),
    under2('Concurrency: "4"'),
    under2('x: &a eu-west-1\nRegion: *a'),
    under2('Region: x\0'),
    under2('Region: x\x07'),
    Buffer.from('Version: 2\nRegion: \xff\xfe\n', 'latin1'),
  ),
];
