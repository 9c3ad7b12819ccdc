import { generate } from 'selfsigned';

/** A self-signed certificate for `host` and loopback, made for this run. */
export async function selfSigned(host: string): Promise<{ key: string; cert: string }> {
  const names = [
    { type: 2 as const, value: host },
    { type: 7 as const, ip: '127.0.0.1' },
  ];
  const made = await generate([{ name: 'commonName', value: host }], { keyType: 'ec', extensions: [{ name: 'subjectAltName', altNames: names }] });
  return { key: made.private, cert: made.cert };
}
