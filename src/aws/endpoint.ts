export interface EndpointConfig {
  readonly region: string;
  /** --endpoint, or the profile's. */
  readonly endpoint: URL | undefined;
}

/**
 * The URL of X-Ray: the configured one, or the one that AWS's own rules give for the region, with every partition's
 * suffix, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT. Uploads and proxied calls both use it.
 */
export async function resolveEndpoint({ region, endpoint }: EndpointConfig): Promise<URL> {
  if (endpoint !== undefined) return endpoint;
  const [{ XRayClient, PutTraceSegmentsCommand }, { getEndpointFromInstructions }] = await Promise.all([
    import('@aws-sdk/client-xray'),
    import('@smithy/core/endpoints'),
  ]);
  // What is configured has been looked for.
  const client = new XRayClient({ region, defaultsMode: 'legacy', ignoreConfiguredEndpointUrls: true });
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it reads the parameters of the command in the client's own configuration
    const resolved = await getEndpointFromInstructions({}, PutTraceSegmentsCommand, client.config as never);
    return resolved.url;
  } finally {
    client.destroy();
  }
}
