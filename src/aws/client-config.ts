import { NodeHttpHandler } from '@smithy/node-http-handler';
import { BoundedHandler, type AnswerBounds } from './answer-bounds.ts';
import { isTrustedNow } from './http-call.ts';
import type { Outbound } from './outbound-proxy.ts';
import { isTlsError, tlsProblem } from './tls-problem.ts';
import { trustGeneration } from './trust.ts';

/** Without `throwOnRequestTimeout`, the SDK only warns about a request without a response, and keeps waiting. */
const TIMEOUTS = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

export interface ClientLimits {
  /** Cancels running calls. */
  readonly signal?: AbortSignal;
  /** Until the response begins. */
  readonly requestTimeout?: number;
  /** For responses that are not credentials; those have their own limit. */
  readonly answers?: AnswerBounds;
}

export interface RegionalClientConfig {
  readonly region: string;
  readonly requestHandler: NodeHttpHandler;
  readonly maxAttempts: number;
  /** Both are set explicitly, so that a malformed AWS_DEFAULTS_MODE or AWS_RETRY_MODE has no effect. */
  readonly defaultsMode: 'legacy';
  readonly retryMode: 'standard';
}

/**
 * For the SDK's own STS and SSO clients: the daemon's region instead of us-east-1, and the daemon's agents and proxy.
 */
export function regionalClientConfig(
  region: string,
  outbound: Outbound,
  limits: ClientLimits = {},
): RegionalClientConfig {
  return {
    region,
    requestHandler: new OutboundHandler(outbound, limits),
    maxAttempts: 2,
    defaultsMode: 'legacy',
    retryMode: 'standard',
  };
}

/** The SDK's HTTP handler with our agents, which use the proxy or not, depending on the host. */
class OutboundHandler extends NodeHttpHandler {
  readonly #outbound: Outbound;
  readonly #limits: ClientLimits;

  constructor(outbound: Outbound, limits: ClientLimits) {
    super(TIMEOUTS);
    this.#outbound = outbound;
    this.#limits = limits;
  }

  override async handle(
    ...[request, options]: Parameters<NodeHttpHandler['handle']>
  ): ReturnType<NodeHttpHandler['handle']> {
    const port = request.port ? `:${request.port}` : '';
    const url = new URL(`${request.protocol}//${request.hostname}${port}`);
    const agent = this.#outbound.agentFor(url);
    const { signal, answers, ...timeouts } = this.#limits;
    const handler = new BoundedHandler({ ...TIMEOUTS, ...timeouts, httpAgent: agent, httpsAgent: agent }, answers);
    const withSignal = { ...options, ...(signal === undefined ? {} : { abortSignal: signal }) };
    const trusted = trustGeneration();
    try {
      const answer = await handler.handle(request, withSignal);
      this.#outbound.note(url, answer.response.statusCode < 500);
      return answer;
    } catch (error) {
      this.#outbound.note(url, false);
      if (!(error instanceof Error) || !isTlsError(error)) throw error;
      if (isTrustedNow(error, trusted)) return handler.handle(request, withSignal);
      throw new Error(tlsProblem(error, request.hostname + port), { cause: error });
    }
  }
}
