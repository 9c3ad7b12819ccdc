import type { ServiceId } from './service-id.ts';

/** A load balancer's view of one request, from its access log: not a span, since the balancer sends none. */
export interface BalancerView {
  /** `http`, `https`, `h2`, `grpcs`, `ws` or `wss`. */
  readonly type: string;
  /** The resource ID, such as `app/shop/50dc6c495c0c9188`. */
  readonly balancer: string;
  /** In X-Ray's notation. */
  readonly traceId: string | undefined;
  /** Seconds since the epoch: when the balancer received the request, and when it responded. */
  readonly start: number | undefined;
  readonly end: number;
  /** IP:port. undefined where the request reached no target, such as for a redirect. */
  readonly client: string;
  readonly target: string | undefined;
  /** Seconds. undefined where the balancer could not measure a time, such as when no target responded. */
  readonly requestSeconds: number | undefined;
  readonly targetSeconds: number | undefined;
  readonly responseSeconds: number | undefined;
  /** What the client got, and what the target responded. */
  readonly status: number | undefined;
  readonly targetStatus: number | undefined;
  /** From the client, and to the client. */
  readonly receivedBytes: number | undefined;
  readonly sentBytes: number | undefined;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly userAgent: string | undefined;
  readonly tls: string | undefined;
  readonly targetGroup: string | undefined;
  readonly domain: string | undefined;
  /** Of the rule that matched; 0 is the default rule. */
  readonly rulePriority: number | undefined;
  readonly actions: string | undefined;
  readonly redirectUrl: string | undefined;
  readonly errorReason: string | undefined;
  readonly classification: string | undefined;
}

/** The name in the resource ID: `shop` in `app/shop/50dc6c495c0c9188`. */
export function balancerName({ balancer }: Pick<BalancerView, 'balancer'>): string {
  return balancer.split('/')[1] ?? balancer;
}

export const BALANCER_TYPE = 'AWS::ElasticLoadBalancingV2::LoadBalancer';

/** The load balancer as a service of a map. */
export function balancerService(view: Pick<BalancerView, 'balancer'>): ServiceId {
  return { name: balancerName(view), type: BALANCER_TYPE, accountId: null };
}
