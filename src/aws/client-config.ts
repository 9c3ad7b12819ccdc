import { NodeHttpHandler } from '@smithy/node-http-handler';
import { isTrustedNow } from './http-call.ts';
import type { Outbound } from './outbound-proxy.ts';
import { isTlsError, tlsProblem } from './tls-problem.ts';
import { trustGeneration } from './trust.ts';

const TIMEOUTS = { connectionTimeout: 2_000, requestTimeout: 5_000 };

export interface RegionalClientConfig {
  readonly region: string;
  readonly requestHandler: NodeHttpHandler;
  readonly maxAttempts: number;
}

/** For the SDK's own STS and SSO clients: the daemon's region, not us-east-1, and the daemon's way out. */
export function regionalClientConfig(region: string, outbound: Outbound): RegionalClientConfig {
  return { region, requestHandler: new OutboundHandler(outbound), maxAttempts: 2 };
}

/** The SDK's HTTP handler with our agents behind it: through the proxy or not, by host. */
class OutboundHandler extends NodeHttpHandler {
  readonly #outbound: Outbound;

  constructor(outbound: Outbound) {
    super(TIMEOUTS);
    this.#outbound = outbound;
  }

  override async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const port = request.port ? `:${request.port}` : '';
    const agent = this.#outbound.agentFor(new URL(`${request.protocol}//${request.hostname}${port}`));
    const handler = new NodeHttpHandler({ ...TIMEOUTS, httpAgent: agent, httpsAgent: agent as never });
    const trusted = trustGeneration();
    try {
      return await handler.handle(request, options);
    } catch (error) {
      if (!(error instanceof Error) || !isTlsError(error)) throw error;
      if (isTrustedNow(error, trusted)) return handler.handle(request, options);
      throw new Error(tlsProblem(error, request.hostname + port), { cause: error });
    }
  }
}
