import type { BalancerView } from './balancer.ts';
import type { Call, TraceMap } from './map.ts';

/**
 * The call that each view of a load balancer is part of: to the segment with the same method and path, nearest in time;
 * otherwise the call of the trace's entry. Views without either are left out.
 */
export function balancedCalls({ calls }: TraceMap, views: readonly BalancerView[]): Map<Call, BalancerView[]> {
  const found = new Map<Call, BalancerView[]>();
  const entry = calls.find(({ from }) => from.type === 'client');
  for (const view of views) {
    const call = nearest(calls, view) ?? entry;
    if (call === undefined) continue;
    const others = found.get(call);
    if (others === undefined) found.set(call, [view]);
    else others.push(view);
  }
  return found;
}

function nearest(calls: readonly Call[], { method, url, start, end }: BalancerView): Call | undefined {
  const path = pathIn(url);
  if (path === undefined) return undefined;
  const at = start ?? end;
  const distanceOf = ({ destination }: Call): number => Math.abs((destination?.start ?? Infinity) - at);
  return calls
    .filter(({ destination }) => {
      const http = destination?.http;
      return pathIn(http?.url) === path && (http?.method === undefined || http.method === method);
    })
    .toSorted((a, b) => distanceOf(a) - distanceOf(b))[0];
}

/** Without scheme, host and query. */
function pathIn(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1] || '/';
}
