import { generate } from 'selfsigned';

export interface Validity {
  readonly notBeforeDate?: Date;
  readonly notAfterDate?: Date;
}

/** A self-signed certificate for `host` and loopback, made for this run. */
export async function selfSigned(host: string, validity: Validity = {}): Promise<{ key: string; cert: string }> {
  return signed(
    [
      { type: 2, value: host },
      { type: 7, ip: '127.0.0.1' },
    ],
    host,
    validity,
  );
}

/** A self-signed certificate for `host` alone. */
export function selfSignedFor(host: string): Promise<{ key: string; cert: string }> {
  return signed([{ type: 2, value: host }], host, {});
}

async function signed(
  altNames: ({ type: 2; value: string } | { type: 7; ip: string })[],
  commonName: string,
  validity: Validity,
): Promise<{ key: string; cert: string }> {
  const extensions = [{ name: 'subjectAltName' as const, altNames }];
  const made = await generate([{ name: 'commonName', value: commonName }], { keyType: 'ec', extensions, ...validity });
  return { key: made.private, cert: made.cert };
}
