import { expect, test } from 'vitest';
import { textOf } from '../../src/config/option.ts';
import { parseConfigFile } from '../../src/config/parse-file.ts';
import { readConfigFile } from '../../src/config/file.ts';
import { MB } from '../../src/pipeline/units.ts';

const values = (text: string): Record<string, unknown> =>
  Object.fromEntries(
    [...parseConfigFile('cfg.yaml', text).values].map(([name, value]) => [
      name,
      typeof value === 'object' ? textOf(value) : value,
    ]),
  );

const COMPLETE = `TotalBufferSizeMB: 24
Concurrency: 4
Region: "us-west-2"
Endpoint: "https://x.example"
Socket:
  UDPAddress: "0.0.0.0:2000"
  TCPAddress: "127.0.0.1:2001"
Logging:
  LogRotation: false
  LogLevel: "warn"
  LogPath: "/var/log/x.log"
LocalMode: true
ResourceARN: "arn:aws:ec2:us-west-2:1:instance/i"
RoleARN: "arn:aws:iam::1:role/r"
NoVerifySSL: true
ProxyAddress: "http://p:3128"
`;

test.each([1, 2])('version %i accepts every key of the reference', (version) => {
  expect(values(`${COMPLETE}Version: ${version}\n`)).toEqual({
    bufferBytes: 24 * MB,
    concurrency: 4,
    region: 'us-west-2',
    endpoint: 'https://x.example',
    bind: '0.0.0.0:2000',
    bindTcp: '127.0.0.1:2001',
    logRotation: false,
    logLevel: 'warn',
    logFile: '/var/log/x.log',
    localMode: true,
    resourceArn: 'arn:aws:ec2:us-west-2:1:instance/i',
    roleArn: 'arn:aws:iam::1:role/r',
    noVerifySsl: true,
    proxyAddress: 'http://p:3128',
  });
});

test('treats "" and 0 as not set, as the okgolove chart renders them', () => {
  const rendered = `TotalBufferSizeMB: 0
Concurrency: 8
Region: ""
Endpoint: ""
Socket:
  UDPAddress: "0.0.0.0:2000"
  TCPAddress: "0.0.0.0:2000"
Logging:
  LogRotation: true
  LogPath: ""
  LogLevel: "prod"
LocalMode: false
ResourceARN: ""
RoleARN:
NoVerifySSL: false
Version: 2
`;
  const found = values(rendered);
  expect(found).toMatchObject({ concurrency: 8, bind: '0.0.0.0:2000', logRotation: true, localMode: false });
  for (const name of ['bufferBytes', 'region', 'endpoint', 'logFile', 'resourceArn', 'roleArn'])
    expect(found).not.toHaveProperty(name);
});

const WRONG: [text: string, message: string][] = [
  [
    'Version: 2\nTotalBuferSizeMB: 3\n',
    'cfg.yaml line 2: unknown key "TotalBuferSizeMB". Did you mean "TotalBufferSizeMB"?',
  ],
  [
    'Socket:\n  UDPAdress: x\nVersion: 2\n',
    'cfg.yaml line 2: unknown key "Socket.UDPAdress". Did you mean "Socket.UDPAddress"?',
  ],
  ['Version: 2\nTotalBufferSizeMB: 2\n', 'cfg.yaml line 2: TotalBufferSizeMB must be between 3 and 65536 MB, not 2'],
  ['Version: 2\nTotalBufferSizeMB: many\n', 'cfg.yaml line 2: TotalBufferSizeMB must be a whole number of MB'],
  ['Version: 2\nNoVerifySSL: "yes"\n', 'cfg.yaml line 2: NoVerifySSL must be true or false'],
  ['Version: 2\nRegion: [a]\n', 'cfg.yaml line 2: Region must be a single value'],
  ['Version: 2\nSocket: 5\n', 'cfg.yaml line 2: Socket must hold keys of its own'],
  ['Version: 3\n', 'cfg.yaml line 1: Version must be 1 or 2, not 3. Write "Version: 2".'],
  ['Version: 2\n\tRegion: a\n', 'cfg.yaml line 2: is not YAML'],
  ['just text', 'cfg.yaml line 1: must hold keys and values'],
];
test.each(WRONG)('%j is refused', (text, message) => {
  expect(() => parseConfigFile('cfg.yaml', text)).toThrow(message);
});

test('refuses a file without a version, and shows the file to write instead', () => {
  expect(() => parseConfigFile('cfg.yaml', 'Region: us-east-1\nSocket:\n  UDPAddress: "0.0.0.0:2000"\n')).toThrow(
    'cfg.yaml has no "Version". Write this instead:\n\nRegion: us-east-1\nSocket:\n  UDPAddress: 0.0.0.0:2000\nVersion: 2\n',
  );
});

test('refuses keys from before version 1, and shows the file to write instead', () => {
  const old =
    'Processor:\n  Region: us-east-1\n  BatchSize: 50\n  BufferSizeMB: 24\nSocket:\n  BufferSizeKB: 128\n  UDPAddress: "127.0.0.1:2000"\nLogging:\n  LogFile: /x.log\nVersion: 1\n';
  expect(() => parseConfigFile('cfg.yaml', old)).toThrow(
    'cfg.yaml line 2: "Processor.Region" is a key from before version 1. Write this instead:\n\nRegion: us-east-1\nTotalBufferSizeMB: 24\nSocket:\n  UDPAddress: 127.0.0.1:2000\nLogging:\n  LogPath: /x.log\nVersion: 2\n',
  );
});

test('a file that -c names must exist; the default files need not', async () => {
  await expect(readConfigFile('/nonexistent/cfg.yaml')).rejects.toThrow(
    'cannot read /nonexistent/cfg.yaml: it does not exist',
  );
  expect(await readConfigFile('', ['/nonexistent/a.yaml', '/nonexistent/b.yaml'])).toBeUndefined();
});
