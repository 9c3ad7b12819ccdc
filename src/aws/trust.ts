import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { DeadlineError, within } from '../pipeline/deadline.ts';
import { messageOf, systemCodeOf } from '../pipeline/errors.ts';
import { readRegularFile, readRegularText } from '../pipeline/read-file.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { Environment } from '../pipeline/environment.ts';

/**
 * Certificate files of Linux distributions; the first with certificates is used. Source: Go's
 * crypto/x509/root_linux.go.
 */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Gentoo, distroless
  '/etc/pki/tls/certs/ca-bundle.crt', // Amazon Linux, Fedora, RHEL 6
  '/etc/ssl/ca-bundle.pem', // SUSE
  '/etc/pki/tls/cacert.pem', // OpenELEC
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // CentOS, RHEL 7
  '/etc/ssl/cert.pem', // Alpine
];
/** All of these are used. Source: Go's crypto/x509/root_linux.go. */
const SYSTEM_FOLDERS = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

/** Files named by a hash are links to the others. */
const IS_HASH = /^[\da-f]{8}\.\d+$/;
/** Time limit for a file or folder that the environment names. */
const READ_MS = 2_000;

let systemTrust: { env: Environment; isLoaded: boolean } = { env: {}, isLoaded: true };
let generation = 0;

/**
 * In every TLS connection of this process, trusts the certificates that the environment names, in addition to Node's
 * (its own list and NODE_EXTRA_CA_CERTS): SSL_CERT_FILE, SSL_CERT_DIR (folders separated by ":"), AWS_CA_BUNDLE and
 * `caBundle`, the profile's ca_bundle.
 * The system's certificates are trusted too, but read only if a certificate's issuer is unknown without them
 * (`trustSystem`): AWS's is known.
 * Logs a warning for a file that cannot be used or is not read within 2 s.
 */
export async function trustConfigured(env: Environment, caBundle: string | undefined, log: Logger): Promise<void> {
  const named: [setting: string, path: string | undefined][] = [
    ['SSL_CERT_FILE', env['SSL_CERT_FILE']],
    ['AWS_CA_BUNDLE', env['AWS_CA_BUNDLE']],
    ['ca_bundle of the profile', caBundle],
  ];
  const certificates: string[] = [];
  for (const [setting, path] of named) {
    if (!path) continue;
    const { found, problem } = await certificatesWithin(path);
    certificates.push(...found);
    if (problem !== '')
      log.warn({ setting, file: path }, `${setting} names ${path}, ${problem}: using the other certificates`);
  }
  for (const folder of foldersOf(env['SSL_CERT_DIR'])) {
    const { found, problem } = await folderWithin(folder);
    certificates.push(...found);
    if (found.length === 0)
      log.warn(
        { setting: 'SSL_CERT_DIR', folder },
        `SSL_CERT_DIR names ${folder}, ${problem || 'which contains no certificates'}`,
      );
  }
  trust(certificates);
  systemTrust = { env, isLoaded: false };
}

/** Counts changes of the trusted certificates: a connection that failed in an earlier generation may succeed now. */
export function trustGeneration(): number {
  return generation;
}

/** Trusts the operating system's certificates, on the first call. Takes about 70 ms and 2 MB. */
export function trustSystem(): void {
  if (systemTrust.isLoaded) return;
  systemTrust.isLoaded = true;
  const { env } = systemTrust;
  const certificates: string[] = [];
  // compat: as in Go, the variables replace the system's lists.
  if (!env['SSL_CERT_FILE']) {
    certificates.push(
      ...(SYSTEM_FILES.map((file) => readCertificates(file).found).find((found) => found.length > 0) ?? []),
    );
  }
  if (!env['SSL_CERT_DIR']) certificates.push(...SYSTEM_FOLDERS.flatMap(readFolder));
  // A keychain or a registry; on Linux this would read OpenSSL's folders.
  if (process.platform !== 'linux') certificates.push(...getCACertificates('system'));
  trust(certificates);
}

function trust(certificates: readonly string[]): void {
  // Reading Node's own list as text takes half a megabyte.
  if (certificates.length === 0) return;
  const present = getCACertificates('default');
  const known = new Set(present.map(bare));
  const added: string[] = [];
  for (const certificate of certificates) {
    const content = bare(certificate);
    if (known.has(content) || !isCertificate(certificate)) continue;
    known.add(content);
    added.push(certificate);
  }
  if (added.length === 0) return;
  setDefaultCACertificates([...present, ...added]);
  generation++;
}

/** A single malformed certificate would make Node refuse all of them. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function bare(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s/g, '');
}

interface Read {
  readonly found: readonly string[];
  readonly problem: string;
}

/** A disk that hangs blocks a libuv thread, but not the start. */
async function certificatesWithin(path: string): Promise<Read> {
  try {
    return certificatesIn(await within(READ_MS, path, () => readRegularText(path)));
  } catch (error) {
    return unreadable(error);
  }
}

async function folderWithin(folder: string): Promise<Read> {
  try {
    const texts = await within(READ_MS, folder, async () => {
      const names = (await readdir(folder)).filter((name) => !IS_HASH.test(name));
      return Promise.all(names.map((name) => readRegularText(join(folder, name)).catch(() => '')));
    });
    return { found: texts.flatMap((text) => certificatesIn(text).found), problem: '' };
  } catch (error) {
    return { found: [], problem: error instanceof DeadlineError ? `which cannot be read (${error.message})` : '' };
  }
}

function readCertificates(path: string): Read {
  try {
    return certificatesIn(readRegularFile(path));
  } catch (error) {
    return unreadable(error);
  }
}

function certificatesIn(text: string): Read {
  const blocks =
    text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g) ??
    [];
  const found = blocks.filter(isCertificate);
  return { found, problem: found.length === 0 ? 'which contains no certificates (PEM)' : '' };
}

function unreadable(error: unknown): Read {
  return {
    found: [],
    problem: systemCodeOf(error) === 'ENOENT' ? 'which does not exist' : `which cannot be read (${messageOf(error)})`,
  };
}

function readFolder(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => !IS_HASH.test(name));
    return names.flatMap((name) => readCertificates(join(folder, name)).found);
  } catch {
    return [];
  }
}

function foldersOf(text: string | undefined): string[] {
  return (text ?? '').split(':').filter((folder) => folder !== '');
}
