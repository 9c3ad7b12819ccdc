import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { ServerCertificate } from '../../src/receivers/server-certificate.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { span, traces } from '../fakes/otlp.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS } from '../fakes/xray.ts';
import { grpcReceiver, httpReceiver } from './started.ts';

const scope = new Scope();

interface Files {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the newest certificate. */
  cert: string;
  renew(): Promise<void>;
}

async function filesOf(): Promise<Files> {
  const folder = scope.folder();
  const files: Files = {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    cert: '',
    renew: async () => {
      const { cert, key } = await selfSigned('localhost');
      files.cert = cert;
      writeFileSync(files.certFile, cert);
      writeFileSync(files.keyFile, key);
    },
  };
  await files.renew();
  return files;
}

/** Whether a server shows this certificate; `protocol` is what ALPN has chosen. */
async function handshake(url: string, ca: string): Promise<{ isTrusted: boolean; protocol: string | false | null }> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    ca,
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  });
  scope.add(() => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('secureConnect', resolve).once('error', reject);
  await promise;
  const seen = { isTrusted: socket.authorized, protocol: socket.alpnProtocol };
  socket.destroy();
  return seen;
}

test('OTLP over HTTP is received over TLS', async () => {
  const files = await filesOf();
  const { url, sink } = await httpReceiver(scope, { certificate: await ServerCertificate.read(files) });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(
    `${url.replace('http:', 'https:')}/v1/traces`,
    { method: 'POST', ca: files.cert, headers: { 'content-type': 'application/x-protobuf' } },
    (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    },
  );
  sent.on('error', reject);
  sent.end(encodeTraces(traces([span()])));
  expect(await promise).toBe(200);
  expect(sink.documents).toHaveLength(1);
});

test('gRPC over TLS is HTTP/2, chosen by ALPN', async () => {
  const files = await filesOf();
  const { url } = await grpcReceiver(scope, { certificate: await ServerCertificate.read(files) });
  expect(await handshake(url, files.cert)).toEqual({ isTrusted: true, protocol: 'h2' });
  const session = connectHttp2(url.replace('http:', 'https:'), { ca: files.cert });
  scope.add(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': '/x/y', 'content-type': 'application/grpc' });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  session.on('error', reject);
  stream.on('response', (headers) => resolve(headers['grpc-status']));
  stream.end();
  expect(await promise).toBe('12');
});

for (const [name, start] of [
  ['HTTP', httpReceiver],
  ['gRPC', grpcReceiver],
] as const) {
  test(`${name}: a renewed certificate is used without a restart, and one that cannot be used is not`, async () => {
    const files = await filesOf();
    const { url, log } = await start(scope, { certificate: await ServerCertificate.read(files, 0) });
    expect((await handshake(url, files.cert)).isTrusted).toBe(true);
    await files.renew();
    await eventually(async () => (await handshake(url, files.cert)).isTrusted);
    const refused = (): number =>
      log.lines.filter(({ message }) => message.includes('cannot be used: the current one stays in use')).length;
    // As a file is while a tool writes it.
    for (const [path, part] of [
      [files.keyFile, 'half a ke'],
      [files.keyFile, ''],
      [files.certFile, ''],
    ] as const) {
      const whole = readFileSync(path);
      const before = refused();
      writeFileSync(path, part);
      // The first refusal may be of what was there before.
      await eventually(async () => {
        await handshake(url, files.cert);
        return refused() > before + 1;
      });
      expect((await handshake(url, files.cert)).isTrusted).toBe(true);
      writeFileSync(path, whole);
    }
  });
}

test('a client without TLS is closed, and the log says so', async () => {
  const files = await filesOf();
  const { url, log } = await httpReceiver(scope, { certificate: await ServerCertificate.read(files) });
  await expect(fetch(`${url}/v1/traces`, { method: 'POST' })).rejects.toThrow();
  await eventually(() => log.lines.some(({ message }) => message === 'a client of OTLP over HTTP failed to use TLS'));
});

test.each([
  ['a certificate without a key', ['--otlp-tls-cert', 'CERT'], '--otlp-tls-cert needs --otlp-tls-key too.'],
  ['a key without a certificate', ['--otlp-tls-key', 'KEY'], '--otlp-tls-key needs --otlp-tls-cert too.'],
  [
    'a file that does not exist',
    ['--otlp-tls-cert', '/nonexistent/tls.crt', '--otlp-tls-key', 'KEY'],
    'cannot use the certificate /nonexistent/tls.crt',
  ],
  ['a key that is none', ['--otlp-tls-cert', 'CERT', '--otlp-tls-key', 'CERT'], 'Correct --otlp-tls-cert or'],
])('%s ends the start with a message', async (_, args, message) => {
  const { certFile, keyFile } = await filesOf();
  const whole = args.map((arg) => (arg === 'CERT' ? certFile : arg === 'KEY' ? keyFile : arg));
  const daemon = scope.spawn({ args: ['-n', 'us-east-1', '--otlp-http', '127.0.0.1:0', ...whole], env: EXAMPLE_KEYS });
  expect((await daemon.end()).code).toBe(1);
  expect(daemon.stderr).toContain(message);
  expect(daemon.stderr).not.toContain('cannot listen');
});

test('connections of gRPC over TLS end when the receiver stops', async () => {
  const files = await filesOf();
  const { url, receiver } = await grpcReceiver(scope, { certificate: await ServerCertificate.read(files) });
  const sessions = Array.from({ length: 3 }, () => connectHttp2(url.replace('http:', 'https:'), { ca: files.cert }));
  const closed = sessions.map((session) => {
    scope.add(() => session.destroy());
    session.on('error', () => {});
    return new Promise((done) => session.once('close', done));
  });
  await Promise.all(sessions.map((session) => new Promise((done) => session.once('connect', done))));
  await receiver.stop(AbortSignal.abort());
  await Promise.all(closed);
});
