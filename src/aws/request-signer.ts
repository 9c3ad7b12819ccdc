import { createHmac, hash } from 'node:crypto';
import { dateOf } from '../pipeline/clock.ts';
import { signedHeaders, type AwsCredentials, type UnsignedRequest } from './signer.ts';

/** Paths that are their own canonical form. Every other one, and every query, is left to the AWS SDK's signer. */
const PLAIN_PATH = /^(\/[A-Za-z0-9_-]+)+$/;
/** Source: SigV4 documentation; the AWS SDKs do not sign it either, because intermediaries change it. */
const UNSIGNED = 'user-agent';
/** A value with one of these has another canonical form. */
const UNUSUAL = /^ | $| {2}|[^ -~]/;

type Headers = Readonly<Record<string, string>>;

/**
 * Signs requests to one service of one region with SigV4. For the calls of a daemon, which are alike, it does only what
 * differs: the key that a day's signatures share is derived once.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export class RequestSigner {
  readonly #service: string;
  readonly #region: string;
  #key: { readonly id: string; readonly bytes: Buffer } = { id: '', bytes: Buffer.alloc(0) };

  constructor(service: string, region: string) {
    this.#service = service;
    this.#region = region;
  }

  /** As `signedHeaders`. `nowMs` is the time of the signature, in ms since the epoch. */
  sign(request: UnsignedRequest, credentials: AwsCredentials, nowMs: number): Headers | Promise<Headers> {
    return isPlain(request)
      ? this.#signPlain(request, credentials, nowMs)
      : signedHeaders(request, credentials, this.#service, this.#region, dateOf(nowMs));
  }

  #signPlain({ url, method, headers: unsigned, body }: UnsignedRequest, credentials: AwsCredentials, nowMs: number) {
    const { accessKeyId, sessionToken } = credentials;
    const time = dateOf(nowMs)
      .toISOString()
      .replace(/[:-]|\.\d{3}/g, '');
    const day = time.slice(0, 8);
    const headers: Record<string, string> = { ...unsigned, host: url.host, 'x-amz-date': time };
    if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
    const payload = hash('sha256', body, 'hex');
    const names = Object.keys(headers)
      .filter((name) => name !== UNSIGNED)
      .toSorted();
    let canonical = `${method}\n${url.pathname}\n\n`;
    for (const name of names) canonical += `${name}:${headers[name]}\n`;
    const signedNames = names.join(';');
    canonical += `\n${signedNames}\n${payload}`;
    const scope = `${day}/${this.#region}/${this.#service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', this.#keyOf(credentials, day)).update(text).digest('hex');
    headers['authorization'] =
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
    return headers;
  }

  #keyOf({ accessKeyId, secretAccessKey }: AwsCredentials, day: string): Buffer {
    const id = `${day} ${accessKeyId} ${secretAccessKey}`;
    if (this.#key.id !== id) {
      const parts = [day, this.#region, this.#service, 'aws4_request'];
      let bytes = Buffer.from(`AWS4${secretAccessKey}`);
      for (const part of parts) bytes = createHmac('sha256', bytes).update(part).digest();
      this.#key = { id, bytes };
    }
    return this.#key.bytes;
  }
}

function isPlain({ url, headers }: UnsignedRequest): boolean {
  if (url.search !== '' || !PLAIN_PATH.test(url.pathname)) return false;
  for (const name in headers) if (UNUSUAL.test(headers[name] ?? '')) return false;
  return true;
}
