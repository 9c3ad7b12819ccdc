import aws4 from 'aws4';

export interface SignedRequest {
  readonly method: string;
  /** Request target: path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface KnownCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/**
 * Why AWS would refuse the request's signature; undefined if it is valid. aws4 computes the signature again: it shares
 * no code with the daemon's signer, and signs exactly the headers that the request lists as signed.
 */
export function signatureProblem(
  request: SignedRequest,
  service: string,
  region: string,
  credentials: readonly KnownCredentials[],
  nowMs: number = Date.now(),
): string | undefined {
  const { headers, method, target, body } = request;
  const authorization = headers['authorization'] ?? '';
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (parts === null) return 'MissingAuthenticationToken';
  const [, accessKeyId = '', date, signedRegion, signedService, signedNames = ''] = parts;
  const known = credentials.find((one) => one.accessKeyId === accessKeyId);
  if (known === undefined) return 'UnrecognizedClientException';
  if ((headers['x-amz-security-token'] ?? undefined) !== known.sessionToken) return 'UnrecognizedClientException';
  if (signedRegion !== region || signedService !== service) return 'InvalidSignatureException';
  const amzDate = headers['x-amz-date'] ?? '';
  if (!amzDate.startsWith(date ?? '?') || Math.abs(nowMs - timeOf(amzDate)) > 5 * 60_000) return 'RequestExpired';
  const names = signedNames.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return 'InvalidSignatureException';
  const chosen = Object.fromEntries(names.map((name) => [name, headers[name] ?? '']));
  // aws4 omits headers that it considers unsigned; AWS uses the list in the request.
  const extraHeadersToInclude = Object.fromEntries(names.map((name) => [name, true]));
  const host = headers['host'] ?? '';
  const options = {
    host,
    method,
    path: target,
    service,
    region,
    body,
    headers: chosen,
    doNotModifyHeaders: true,
    extraHeadersToInclude,
  };
  const signer = new (aws4 as unknown as { RequestSigner: new (...args: unknown[]) => Signer }).RequestSigner(
    options,
    known,
  );
  signer.datetime = amzDate;
  return signer.authHeader() === authorization ? undefined : 'InvalidSignatureException';
}

interface Signer {
  datetime: string;
  authHeader(): string;
}

function timeOf(amzDate: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
