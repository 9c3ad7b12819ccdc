import type { PeerCertificate } from 'node:tls';
import { dateOf } from '../pipeline/clock.ts';
import { systemCodeOf } from '../pipeline/errors.ts';

/** The problem, worded to follow "TLS with xray.us-east-1.amazonaws.com: ", and what to do. */
type Explain = (host: string, error: TlsError) => string;

interface TlsError extends Error {
  /** Set if the certificate is for another name. */
  readonly cert?: PeerCertificate;
}

const UNKNOWN_ISSUER: Explain = () =>
  "the certificate's issuer is not trusted. If a proxy intercepts TLS, save its issuer's certificate (PEM) to a file and set AWS_CA_BUNDLE or SSL_CERT_FILE to that file";
const SELF_SIGNED: Explain = () =>
  'the certificate is self-signed, and its issuer is not trusted. If it is the right server, save the certificate (PEM) to a file and set AWS_CA_BUNDLE or SSL_CERT_FILE to that file';
const NOT_TLS: Explain = () =>
  'the server does not speak TLS. If it speaks plain HTTP, use http:// in the endpoint or the proxy address; otherwise check which server listens there';
const NO_COMMON_VERSION: Explain = () =>
  'no common TLS version or cipher: xrayd needs TLS 1.2 or newer. Check for an old proxy or load balancer in between';

/**
 * Sources: OpenSSL's X509_V_ERR_* names as Node gives them (tls documentation, "X509 certificate error codes"), and
 * OpenSSL's reason codes.
 */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_ISSUER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_ISSUER,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_ISSUER,
  DEPTH_ZERO_SELF_SIGNED_CERT: SELF_SIGNED,
  CERT_UNTRUSTED: UNKNOWN_ISSUER,
  CERT_HAS_EXPIRED: () => `the certificate has expired, or this machine's clock is ahead: it says ${clock()}`,
  CERT_NOT_YET_VALID: () => `the certificate is not valid yet, or this machine's clock is behind: it says ${clock()}`,
  ERR_TLS_CERT_ALTNAME_INVALID: (host, { cert }) =>
    `the certificate is for ${namesOf(cert)}, not for ${host}. Check the endpoint, DNS, and for a proxy in between`,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_HTTP_REQUEST: NOT_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NO_COMMON_VERSION,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: NO_COMMON_VERSION,
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: NO_COMMON_VERSION,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NO_COMMON_VERSION,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': NO_COMMON_VERSION,
};

/** Whether trusting more certificates may help. */
export function isUnknownIssuer(error: Error): boolean {
  const explain = EXPLANATIONS[codeOf(error)];
  return explain === UNKNOWN_ISSUER || explain === SELF_SIGNED;
}

/** Whether a connection failed in the TLS handshake. */
export function isTlsError(error: Error): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(codeOf(error));
}

/** One line: the problem and what to do about it; the error's own message if there is nothing to add. */
export function tlsProblem(error: Error, host: string): string {
  const explain = EXPLANATIONS[codeOf(error)];
  return `TLS with ${host}: ${explain?.(host, error) ?? (opensslReason(error) || error.message)}`;
}

/**
 * A code from the table above. If the connection failed as a whole (EPROTO), OpenSSL's reason is only in the message.
 */
function codeOf(error: Error): string {
  const code = systemCodeOf(error) ?? '';
  return code === 'EPROTO' ? `ERR_SSL_${opensslReason(error).toUpperCase().replaceAll(' ', '_')}` : code;
}

/**
 * Extracts the reason from `write EPROTO 00FF…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version
 * number:../ssl/….c:80:`.
 */
function opensslReason(error: Error): string {
  return /:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1] ?? '';
}

function namesOf(certificate: PeerCertificate | undefined): string {
  const common = [certificate?.subject?.CN ?? []].flat().join(', ');
  const names = certificate?.subjectaltname?.replaceAll(/DNS:|IP Address:/g, '') || common || 'another name';
  return names.length > 200 ? `${names.slice(0, 200)}…` : names;
}

function clock(): string {
  return dateOf().toISOString();
}
