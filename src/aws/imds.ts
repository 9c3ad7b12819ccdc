import type { Environment } from '../pipeline/environment.ts';
import { isTrue } from './switch.ts';
import { metadataValue } from './identity-answers.ts';
import { OpenedSockets } from './opened-sockets.ts';

/** Unreachable metadata must not delay the start: a firewalled 169.254.169.254 never answers. */
const TIMEOUT_MS = 1_000;

/**
 * Reads paths below /latest/ from the EC2 instance metadata service, version 2 only. Rejects if it is disabled,
 * unreachable, or not IMDS.
 * Honours AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and its _MODE.
 */
export async function readInstanceMetadata(paths: readonly string[], env: Environment): Promise<string[]> {
  if (isTrue(env['AWS_EC2_METADATA_DISABLED'])) throw new Error('switched off by AWS_EC2_METADATA_DISABLED');
  // OpenedSockets limits the size of responses.
  return new OpenedSockets().during(() => read(paths));
}

async function read(paths: readonly string[]): Promise<string[]> {
  const { getInstanceMetadataEndpoint, httpRequest } = await import('@smithy/credential-provider-imds');
  const { hostname, port, protocol, path: prefix } = await getInstanceMetadataEndpoint();
  const options = { hostname, protocol, timeout: TIMEOUT_MS, ...(port === undefined ? {} : { port }) };
  const base = (prefix ?? '').replace(/\/$/, '');
  const token = await withTimeout(
    httpRequest({
      ...options,
      path: `${base}/latest/api/token`,
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    }),
  );
  const headers = { 'x-aws-ec2-metadata-token': metadataValue(token.toString()) };
  const answers = paths.map((path) =>
    withTimeout(httpRequest({ ...options, path: `${base}/latest/${path}`, headers })),
  );
  return (await Promise.all(answers)).map((answer) => metadataValue(answer.toString()));
}

/** The SDK's `timeout` applies to an idle socket; this one to the whole call. */
async function withTimeout<T>(call: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  try {
    return await Promise.race([call, promise]);
  } finally {
    clearTimeout(timer);
  }
}
