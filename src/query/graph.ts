import { double } from '../json/aws-json.ts';
import { textOf } from '../json/json.ts';
import { balancerService, type BalancerView } from '../trace/balancer.ts';
import { balancedCalls } from '../trace/balancer-calls.ts';
import type { Call } from '../trace/map.ts';
import type { Link, Span, Trace } from '../trace/model.ts';
import { outcomeOfStatus } from '../trace/outcome.ts';
import { senderOf } from '../trace/sender.ts';
import { keyOf, type ServiceId } from '../trace/service-id.ts';
import { TooMuchError } from './read-budget.ts';
import { serviceMembers } from '../trace/members.ts';
import { Statistics } from './statistics.ts';
import type { TraceView } from '../trace/trace-view.ts';

/** The period in which traces started, in whole seconds since the epoch. */
interface Period {
  first: number;
  last: number;
}

interface Edge {
  readonly to: string;
  readonly statistics: Statistics;
  readonly aliases: Map<string, ServiceId>;
  readonly period: Period;
  /** Seconds from sending a message to its receipt; only for asynchronous links. */
  readonly ages: Statistics | undefined;
}

interface GraphNode {
  readonly service: ServiceId;
  readonly statistics: Statistics;
  readonly edges: Map<string, Edge>;
  readonly period: Period;
  /** From its segment, or from the call to it. */
  region: string | null;
  isRoot: boolean;
  /** Whether it has segments of its own. */
  isReporting: boolean;
  /** A load balancer of an access log. */
  isFromLog: boolean;
}

/** A link of one of the graph's traces, to be added once the trace at its other end has been looked up. */
export interface OpenLink extends Link {
  readonly trace: Trace;
  readonly span: Span;
  /** The second in which the trace started. */
  readonly at: number;
}

/** Links are looked up one by one; further links are not drawn. */
const MAX_LINKS = 1_000;
/**
 * Limit of services and edges. Each costs about 10 KB until it is written, and names that contain an ID create one per
 * request: for 10,000 traces with six names each, the response had 54 MB, and the process 970 MB. X-Ray's own limit is
 * not published.
 */
const MAX_PARTS = 20_000;

/** Adds traces to the service graph of GetTraceGraph and GetServiceGraph. */
export class Graph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly links: OpenLink[] = [];
  readonly #drawn = new Set<string>();
  readonly #period: Period = emptyPeriod();
  #parts = 0;

  /** `balancers`: what access logs say about the trace. Throws TooMuchError. */
  add(view: TraceView, balancers: readonly BalancerView[] = []): void {
    const { client, visits, calls, linked } = view.map;
    const at = view.startSecond;
    if (client !== undefined) this.#node(client, at);
    for (const { service, span, isInferred, isRoot } of visits) {
      const node = this.#node(service, at);
      node.isRoot ||= isRoot;
      node.isReporting ||= !isInferred;
      node.region ??= textOf(span.aws['region']) ?? null;
      if (span.seconds !== undefined) node.statistics.add(span.outcome, span.seconds);
    }
    const balanced = balancers.length === 0 ? undefined : balancedCalls(view.map, balancers);
    for (const call of calls) {
      const { from, to, span, alias } = call;
      const through = balanced?.get(call);
      if (through !== undefined) {
        this.#addBalanced(call, through, at);
        continue;
      }
      const edge = this.#edge(from, to, at, false);
      if (span.seconds !== undefined) edge.statistics.add(span.outcome, span.seconds);
      if (alias !== undefined) edge.aliases.set(keyOf(alias), alias);
    }
    for (const span of linked) this.#collectLinks(view.trace, span, at);
    widen(this.#period, at);
  }

  /** A call through load balancers: each is a service between the caller and its target. */
  #addBalanced({ from, to }: Call, views: readonly BalancerView[], at: number): void {
    for (const view of views) {
      const service = balancerService(view);
      const node = this.#node(service, at);
      node.isFromLog = true;
      const outcome = outcomeOfStatus(view.status);
      const seconds = Math.max(0, view.end - (view.start ?? view.end));
      node.statistics.add(outcome, seconds);
      this.#edge(from, service, at, false).statistics.add(outcome, seconds);
      const { statistics } = this.#edge(service, to, at, false);
      if (view.targetSeconds !== undefined) statistics.add(outcomeOfStatus(view.targetStatus), view.targetSeconds);
    }
  }

  /**
   * Draws an asynchronous link from the sender of a message. `other` is the trace at its other end; if it is missing,
   * the link may name the service. Both ends may report the same link.
   */
  addLink({ trace, span, at, ...link }: OpenLink, other: Trace | undefined): void {
    const there = other?.find(link.id);
    const [sender, receiver] = link.isToReceiver ? [span, there] : [there, span];
    const ofOther = (serviceIn: (other: Trace, there: Span) => ServiceId): ServiceId | undefined =>
      other === undefined || there === undefined ? link.service : serviceIn(other, there);
    const [from, to] = link.isToReceiver
      ? [senderOf(trace, span), ofOther((trace, span) => trace.serviceOf(span.segment))]
      : [ofOther(senderOf), trace.serviceOf(span.segment)];
    if (from === undefined || to === undefined) return;
    const [sentIn, receivedIn] = link.isToReceiver ? [trace.id, link.traceId] : [link.traceId, trace.id];
    const key = [sentIn, keyOf(from), receivedIn, keyOf(to), receiver?.segment.id ?? link.id].join('\n');
    if (this.#drawn.has(key)) return;
    this.#drawn.add(key);
    const edge = this.#edge(from, to, at, true);
    if (receiver?.segment.seconds !== undefined)
      edge.statistics.add(receiver.segment.outcome, receiver.segment.seconds);
    const receivedAt = link.receivedAt ?? receiver?.segment.start;
    if (sender === undefined || receivedAt === undefined) return;
    edge.ages?.add(
      { isFault: false, isError: false, isThrottle: false },
      Math.max(0, receivedAt - (sender.end ?? sender.start)),
    );
  }

  /** The first and last second in which a trace started, or nulls. */
  bounds(): { StartTime: object | null; EndTime: object | null } {
    const { first, last } = this.#period;
    return first === Infinity
      ? { StartTime: null, EndTime: null }
      : { StartTime: double(first), EndTime: double(Math.max(last, first + 1)) };
  }

  /**
   * `Services`. `hasTimes`: the graph of a time range instead of one trace; its times are those in which its traces
   * started. Only the graph of one trace has regions. Source: recorded answers of X-Ray.
   */
  *services(hasTimes: boolean): Generator<object> {
    const nodes = [...this.#nodes].sort(([, a], [, b]) => compare(a, b));
    const references = new Map(nodes.map(([key], position) => [key, position]));
    const times = ({ first, last }: Period): object =>
      hasTimes ? { StartTime: double(first), EndTime: double(last + 1) } : { StartTime: null, EndTime: null };
    for (const [position, [, node]] of nodes.entries()) {
      const isClient = node.service.type === 'client';
      yield {
        ReferenceId: position,
        ...serviceMembers(node.service),
        Root: node.isRoot ? true : null,
        State: stateOf(node),
        ...times(node.period),
        Edges: [...node.edges.values()].map((edge) => ({
          ReferenceId: references.get(edge.to),
          ...times(edge.period),
          SummaryStatistics: edge.statistics.members(),
          ...(edge.ages === undefined
            ? { ResponseTimeHistogram: edge.statistics.histogram() }
            : { EdgeType: 'link', ResponseTimeHistogram: [], ReceivedEventAgeHistogram: edge.ages.histogram() }),
          Aliases: [...edge.aliases.values()].map(({ name, type }) => ({ Name: name, Names: [name], Type: type })),
        })),
        SummaryStatistics: isClient ? null : node.statistics.members(),
        DurationHistogram: isClient ? null : node.statistics.histogram(),
        ResponseTimeHistogram: isClient ? null : node.statistics.histogram(),
        Region: hasTimes ? null : node.region,
        HostedIn: hasTimes ? {} : null,
        KeyAttributes: hasTimes ? {} : null,
        ...(node.isFromLog ? { FromAccessLog: true } : {}),
      };
    }
  }

  #node(service: ServiceId, at: number): GraphNode {
    const key = keyOf(service);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = {
        service,
        statistics: new Statistics(),
        edges: new Map(),
        period: emptyPeriod(),
        region: null,
        isRoot: false,
        isReporting: false,
        isFromLog: false,
      };
      this.#nodes.set(key, node);
      this.#count();
    }
    widen(node.period, at);
    return node;
  }

  #edge(from: ServiceId, to: ServiceId, at: number, isLink: boolean): Edge {
    const { edges } = this.#node(from, at);
    this.#node(to, at);
    const key = `${isLink ? 'link ' : ''}${keyOf(to)}`;
    let edge = edges.get(key);
    if (edge === undefined) {
      edge = {
        to: keyOf(to),
        statistics: new Statistics(),
        aliases: new Map(),
        period: emptyPeriod(),
        ages: isLink ? new Statistics() : undefined,
      };
      edges.set(key, edge);
      this.#count();
    }
    widen(edge.period, at);
    return edge;
  }

  #count(): void {
    if (++this.#parts <= MAX_PARTS) return;
    const message = `The graph has more than ${MAX_PARTS} services and edges. Request a shorter time or use a filter, and check whether names contain IDs`;
    throw new TooMuchError(message);
  }

  #collectLinks(trace: Trace, span: Span, at: number): void {
    for (const link of span.links) {
      if (this.links.length < MAX_LINKS) this.links.push({ ...link, trace, span, at });
    }
  }
}

/** compat: services with segments are active; inferred ones are unknown if they are AWS's, otherwise passive. */
function stateOf({ service: { type }, isReporting }: GraphNode): string {
  if (isReporting) return 'active';
  return type === 'client' || type?.startsWith('AWS::') === true ? 'unknown' : 'passive';
}

function compare(a: GraphNode, b: GraphNode): number {
  if (a.service.name !== b.service.name) return a.service.name < b.service.name ? -1 : 1;
  return (a.service.type ?? '') < (b.service.type ?? '') ? -1 : 1;
}

function emptyPeriod(): Period {
  return { first: Infinity, last: -Infinity };
}

function widen(period: Period, second: number): void {
  period.first = Math.min(period.first, second);
  period.last = Math.max(period.last, second);
}
