import { createSecureContext, type Server } from 'node:tls';
import { monotonicMs } from '../pipeline/clock.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { readTextFile } from '../pipeline/read-file.ts';

/** Paths of two files in PEM. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

interface Pem {
  readonly cert: string;
  readonly key: string;
}

const HANDSHAKE_MS = 5_000;
const READ_LIMITS = { timeoutMs: 5_000 };
/** Files are read again at the first connection after this time: a server without clients does nothing. */
const RENEW_MS = 10_000;

/** The certificate of a server, from files that tools renew while the server runs. */
export class ServerCertificate {
  readonly #files: CertificateFiles;
  #pem: Pem;
  readonly #renewMs: number;
  #readAtMs = monotonicMs();
  #isReading = false;

  private constructor(files: CertificateFiles, pem: Pem, renewMs: number) {
    this.#files = files;
    this.#pem = pem;
    this.#renewMs = renewMs;
  }

  /** Rejects with XRAYD_CONFIG if the files cannot be used. */
  static async read(files: CertificateFiles, renewMs = RENEW_MS): Promise<ServerCertificate> {
    try {
      return new ServerCertificate(files, await readPem(files), renewMs);
    } catch (error) {
      const { certFile, keyFile } = files;
      const which = `the certificate ${certFile} with the key ${keyFile}`;
      throw new XraydError(
        'XRAYD_CONFIG',
        `cannot use ${which}: ${messageOf(error)}. Correct --otlp-tls-cert or --otlp-tls-key.`,
        { cause: error },
      );
    }
  }

  /** For the constructor of a server. */
  get options(): Pem & { readonly handshakeTimeout: number } {
    return { ...this.#pem, handshakeTimeout: HANDSHAKE_MS };
  }

  /** Keeps the certificate of `server` up to date, and logs handshakes that fail. `title`: for people. */
  serve<S extends Server>(server: S, { title, log }: { readonly title: string; readonly log: Logger }): S {
    server.on('connection', () => void this.#renew(server, log));
    server.on('tlsClientError', (error) =>
      log.limited('otlp_tls', 'warn', { error: messageOf(error) }, `a client of ${title} failed to use TLS`),
    );
    return server;
  }

  /** Never rejects. The connection that triggers it still gets the previous certificate. */
  async #renew(server: Server, log: Logger): Promise<void> {
    if (this.#isReading || monotonicMs() - this.#readAtMs < this.#renewMs) return;
    this.#isReading = true;
    try {
      const pem = await readPem(this.#files);
      if (pem.cert === this.#pem.cert && pem.key === this.#pem.key) return;
      server.setSecureContext(pem);
      this.#pem = pem;
      log.info({ certificate: this.#files.certFile }, 'the certificate of the OTLP receiver was renewed');
    } catch (error) {
      // A tool may have written only one of the two files so far.
      log.limited(
        'otlp_certificate',
        'warn',
        { error: messageOf(error) },
        'the renewed certificate of the OTLP receiver cannot be used: the current one stays in use',
      );
    } finally {
      this.#readAtMs = monotonicMs();
      this.#isReading = false;
    }
  }
}

/** Rejects if a file cannot be read, or if the key does not belong to the certificate. */
async function readPem({ certFile, keyFile }: CertificateFiles): Promise<Pem> {
  const [cert, key] = await Promise.all([readTextFile(certFile, READ_LIMITS), readTextFile(keyFile, READ_LIMITS)]);
  // Node takes an empty text as one that was not given, and a file is empty for a moment while a tool writes it.
  if (cert === '' || key === '') throw new Error(`${cert === '' ? certFile : keyFile} is empty`);
  createSecureContext({ cert, key });
  return { cert, key };
}
