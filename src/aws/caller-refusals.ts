/**
 * Errors that concern the caller's credentials, not the documents: an operator can fix each of them while the segments
 * are buffered.
 */
export const REFUSES_CALLER: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnauthorizedException',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'NotAuthorized',
  'OptInRequired',
  'RequestExpired',
  'ExpiredToken',
  'ExpiredTokenException',
]);
