import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hangingDisk } from '../faults/hanging-disk.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

interface Setting {
  readonly xray: FakeXRay;
  /** Holds the certificate ca.pem, and a file that holds none. */
  readonly folder: string;
}

async function setUp(): Promise<Setting> {
  const tls = await selfSigned('localhost');
  const folder = scope.folder();
  mkdirSync(join(folder, 'certs'));
  for (const file of ['ca.pem', 'certs/own.crt']) writeFileSync(join(folder, file), `A comment\n${tls.cert}\n`);
  writeFileSync(join(folder, 'garbage.pem'), 'not a certificate');
  writeFileSync(join(folder, 'aws-config'), `[default]\nca_bundle = ${folder}/ca.pem\n`);
  return { xray: await scope.start(new FakeXRay({ tls })), folder };
}

const daemonFor = ({ xray }: Setting, env: Readonly<Record<string, string>>, command?: readonly string[]) =>
  scope.daemon({
    args: ['-n', 'us-east-1', '--endpoint', xray.url],
    env: { ...EXAMPLE_KEYS, ...env },
    ...(command === undefined ? {} : { command }),
  });

test.each<[name: string, env: (folder: string) => Record<string, string>]>([
  ['SSL_CERT_FILE', (folder) => ({ SSL_CERT_FILE: `${folder}/ca.pem` })],
  ['SSL_CERT_DIR', (folder) => ({ SSL_CERT_DIR: `/nonexistent-folder:${folder}/certs` })],
  ['AWS_CA_BUNDLE', (folder) => ({ AWS_CA_BUNDLE: `${folder}/ca.pem` })],
  ['ca_bundle of the profile', (folder) => ({ AWS_CONFIG_FILE: `${folder}/aws-config` })],
  ['NODE_EXTRA_CA_CERTS', (folder) => ({ NODE_EXTRA_CA_CERTS: `${folder}/ca.pem` })],
  [
    'one of two, the other being no certificate',
    (folder) => ({ SSL_CERT_FILE: `${folder}/garbage.pem`, AWS_CA_BUNDLE: `${folder}/ca.pem` }),
  ],
])('sends segments to an X-Ray whose certificate only %s trusts', async (_name, env) => {
  const setting = await setUp();
  const daemon = await daemonFor(setting, env(setting.folder));
  const document = segment('trusted');
  await daemon.send(HEADER + document);
  await eventually(() => setting.xray.documents.includes(document));
});

const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
const reason = canMount ? '' : ' (skipped: unshare --mount is not permitted here)';
test
  .skipIf(!canMount)
  .each([
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/ssl/certs/own-ca.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/cert.pem',
  ])(`sends segments to an X-Ray whose certificate the system has in %s${reason}`, async (file) => {
  const setting = await setUp();
  // A system of its own: only this file is in /etc.
  const script = `mount -t tmpfs none /etc && mkdir -p "$(dirname ${file})" && cp ${setting.folder}/ca.pem ${file} && exec "$0" dist/xrayd.cjs "$@"`;
  const daemon = await daemonFor(setting, {}, ['unshare', '--mount', 'sh', '-c', script, process.execPath]);
  const document = segment('trusted');
  await daemon.send(HEADER + document);
  await eventually(() => setting.xray.documents.includes(document));
});

test('warns of each file without certificates, reports the failure in one line with the remedy, and keeps the segments', async () => {
  const setting = await setUp();
  const { folder } = setting;
  const daemon = await daemonFor(setting, {
    SSL_CERT_FILE: `${folder}/none.pem`,
    AWS_CA_BUNDLE: `${folder}/garbage.pem`,
    SSL_CERT_DIR: `${folder}/nowhere`,
  });
  expect(daemon.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
    `SSL_CERT_FILE names ${folder}/none.pem, which does not exist: using the other certificates`,
    `AWS_CA_BUNDLE names ${folder}/garbage.pem, which contains no certificates (PEM): using the other certificates`,
    `SSL_CERT_DIR names ${folder}/nowhere, which contains no certificates`,
  ]);
  await daemon.send(HEADER + segment('kept'));
  await eventually(() => daemon.find(/^TLS with /) !== undefined);
  expect(daemon.find(/^TLS with /)?.msg).toMatch(/issuer is not trusted/);
  expect(setting.xray.documents).toEqual([]);
  expect(await daemon.metrics()).toMatchObject({ xrayd_segments_received_total: 1 });
});

const library = hangingDisk();
const noLibrary = library === undefined ? ' (skipped: no C compiler, or no Linux)' : '';

test.skipIf(library === undefined).each([
  ['SSL_CERT_FILE', 'disk-that-hangs/ca.pem'],
  ['AWS_CA_BUNDLE', 'disk-that-hangs/ca.pem'],
  ['SSL_CERT_DIR', 'disk-that-hangs'],
])(`starts without %s if its disk does not answer, and says so${noLibrary}`, async (name, path) => {
  const setting = await setUp();
  mkdirSync(join(setting.folder, 'disk-that-hangs'));
  writeFileSync(join(setting.folder, 'disk-that-hangs/ca.pem'), '');
  const daemon = await daemonFor(setting, { [name]: join(setting.folder, path), LD_PRELOAD: library! });
  expect(daemon.find(new RegExp(name))?.msg).toMatch(/which cannot be read \(.*: no answer within 2 s\)/);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
});
