import { createHash, createHmac, type Hash as NodeHash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentity, Hash, SourceData } from '@smithy/types';

export type AwsCredentials = AwsCredentialIdentity;

/** node:crypto with the signer's interface; the signer's JavaScript SHA-256 takes 1.3 ms per batch, this one 0.15. */
class Sha256 implements Hash {
  readonly #hash: NodeHash | Hmac;

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('a hash can be used only once');
  }
}

function bytesOf(data: SourceData): string | Uint8Array {
  return typeof data === 'string' || data instanceof Uint8Array
    ? data
    : new Uint8Array(data instanceof ArrayBuffer ? data : data.buffer);
}

export interface UnsignedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Adds the SigV4 headers to those of `request`: host, x-amz-date, authorization and, for temporary credentials,
 * x-amz-security-token.
 * Signs everything in `headers` except user-agent.
 */
export async function signedHeaders(
  request: UnsignedRequest,
  credentials: AwsCredentials,
  service: string,
  region: string,
  now: Date,
): Promise<Record<string, string>> {
  const { url, method, headers, body } = request;
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false });
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name);
  const signed = await signer.sign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query,
      headers: { ...headers, host: url.host },
      body,
    },
    { signingDate: now },
  );
  return signed.headers;
}
