import { BALANCER_TYPE } from '../../../src/trace/balancer.ts';
import { count, duration, plural, shortName } from '../format.ts';

/** Response of GetServiceGraph and GetTraceGraph. Source: X-Ray's published service model, 2016-04-12. */
export interface Graph {
  readonly Services: readonly GraphService[];
  /** Covers the newest traces only, because of the time limit. */
  readonly IsPartial?: boolean;
}

export interface Statistics {
  readonly OkCount: number;
  readonly ErrorStatistics: {
    readonly ThrottleCount: number;
    readonly OtherCount: number;
    readonly TotalCount: number;
  };
  readonly FaultStatistics: { readonly TotalCount: number };
  readonly TotalCount: number;
  /** Seconds. */
  readonly TotalResponseTime: number;
}

export interface HistogramEntry {
  /** Seconds. */
  readonly Value: number;
  readonly Count: number;
}

export interface GraphEdge {
  readonly ReferenceId: number;
  readonly SummaryStatistics: Statistics | null;
  readonly ResponseTimeHistogram: readonly HistogramEntry[] | null;
  /** `link` for asynchronous calls. */
  readonly EdgeType: string | null;
}

export interface GraphService {
  readonly ReferenceId: number;
  readonly Name: string;
  readonly Type: string | null;
  readonly AccountId: string | null;
  readonly Root: boolean | null;
  readonly SummaryStatistics: Statistics | null;
  readonly ResponseTimeHistogram: readonly HistogramEntry[] | null;
  readonly Edges: readonly GraphEdge[];
  /** Seconds since the epoch. */
  readonly StartTime: number | null;
  readonly EndTime: number | null;
  /** A load balancer that only access logs know. */
  readonly FromAccessLog?: boolean;
}

export const OUTCOMES = ['ok', 'error', 'throttle', 'fault'] as const;
export type MapOutcome = (typeof OUTCOMES)[number];

/** Requests by outcome. */
export type Shares = Readonly<Record<MapOutcome, number>>;

export function sharesOf(statistics: Statistics | null): Shares {
  if (statistics === null) return { ok: 0, error: 0, throttle: 0, fault: 0 };
  const { OkCount, ErrorStatistics, FaultStatistics } = statistics;
  return {
    ok: OkCount,
    error: ErrorStatistics.OtherCount,
    throttle: ErrorStatistics.ThrottleCount,
    fault: FaultStatistics.TotalCount,
  };
}

/** Seconds that `share` of the requests stayed below; undefined when there are none. */
export function quantile(histogram: readonly HistogramEntry[] | null, share: number): number | undefined {
  const entries = (histogram ?? []).toSorted((a, b) => a.Value - b.Value);
  const total = entries.reduce((sum, { Count }) => sum + Count, 0);
  let passed = 0;
  for (const { Value, Count } of entries) {
    passed += Count;
    if (passed > 0 && passed >= share * total) return Value;
  }
  return undefined;
}

/** Statistics of several services or calls in one. */
function sumOf(all: readonly (Statistics | null)[]): Statistics {
  const sum = (of: (each: Statistics) => number): number =>
    all.reduce((before, each) => before + (each === null ? 0 : of(each)), 0);
  return {
    OkCount: sum(({ OkCount }) => OkCount),
    ErrorStatistics: {
      ThrottleCount: sum(({ ErrorStatistics }) => ErrorStatistics.ThrottleCount),
      OtherCount: sum(({ ErrorStatistics }) => ErrorStatistics.OtherCount),
      TotalCount: sum(({ ErrorStatistics }) => ErrorStatistics.TotalCount),
    },
    FaultStatistics: { TotalCount: sum(({ FaultStatistics }) => FaultStatistics.TotalCount) },
    TotalCount: sum(({ TotalCount }) => TotalCount),
    TotalResponseTime: sum(({ TotalResponseTime }) => TotalResponseTime),
  };
}

export interface MapNode {
  /** Reference ID of the service; for the client node, of the first client. */
  readonly id: number;
  /** X-Ray has one client per entry point; the map shows a single client with the sums of their calls. */
  readonly service: GraphService;
  readonly name: string;
  readonly isClient: boolean;
  readonly statistics: Statistics | null;
  readonly histogram: readonly HistogramEntry[] | null;
  /** px, at full size. */
  readonly radius: number;
}

export interface MapEdge {
  readonly key: string;
  readonly from: MapNode;
  readonly to: MapNode;
  /** The caller as in X-Ray's graph: for a client, the client of that entry point. */
  readonly caller: GraphService;
  readonly edge: GraphEdge;
  /** px. */
  readonly width: number;
  readonly isAsync: boolean;
}

export interface ServiceMap {
  /** Clients first. */
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

/** Radius of the least busy and the busiest service, px. */
export const RADIUS = { least: 18, most: 38 } as const;

/** The map to draw: the area of a node and the width of an edge follow their traffic. */
export function mapOf({ Services }: Graph): ServiceMap {
  const clients = Services.filter(({ Type }) => Type === 'client');
  const calls = clients.flatMap(({ Edges }) => Edges);
  const first = clients[0];
  const client: GraphService[] =
    first === undefined
      ? []
      : [
          {
            ...first,
            Name: 'Client',
            Edges: calls,
            SummaryStatistics: sumOf(calls.map(({ SummaryStatistics }) => SummaryStatistics)),
            ResponseTimeHistogram: calls.flatMap(({ ResponseTimeHistogram }) => ResponseTimeHistogram ?? []),
          },
        ];
  const services = [...client, ...Services.filter(({ Type }) => Type !== 'client')];
  const countOf = ({ SummaryStatistics }: GraphService | GraphEdge): number => SummaryStatistics?.TotalCount ?? 0;
  const most = services.reduce((greatest, service) => Math.max(greatest, countOf(service)), 1);
  const nodes = services.map((service) => ({
    id: service.ReferenceId,
    service,
    name: service.Type === 'client' ? 'Client' : shortName(service.Name),
    isClient: service.Type === 'client',
    statistics: service.SummaryStatistics,
    histogram: service.ResponseTimeHistogram,
    radius: RADIUS.least + (RADIUS.most - RADIUS.least) * Math.sqrt(countOf(service) / most),
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [clientNode] = nodes;
  if (clientNode !== undefined) for (const { ReferenceId } of clients) byId.set(ReferenceId, clientNode);
  const busiest = Services.flatMap(({ Edges }) => Edges).reduce(
    (greatest, edge) => Math.max(greatest, countOf(edge)),
    1,
  );
  const edges = new Map<string, MapEdge>();
  for (const caller of Services)
    for (const call of caller.Edges) {
      const [from, to] = [byId.get(caller.ReferenceId), byId.get(call.ReferenceId)];
      if (from === undefined || to === undefined) continue;
      const isAsync = call.EdgeType === 'link';
      const key = `${from.id} ${to.id}${isAsync ? ' async' : ''}`;
      // Several clients may call the same service, such as a load balancer.
      const other = edges.get(key);
      const edge = other === undefined ? call : bothOf(other.edge, call);
      const width = 1 + 3 * Math.sqrt(countOf(edge) / busiest);
      edges.set(key, { key, from, to, caller: other?.caller ?? caller, edge, width, isAsync });
    }
  return { nodes, edges: [...edges.values()] };
}

function bothOf(one: GraphEdge, other: GraphEdge): GraphEdge {
  return {
    ...one,
    SummaryStatistics: sumOf([one.SummaryStatistics, other.SummaryStatistics]),
    ResponseTimeHistogram: [...(one.ResponseTimeHistogram ?? []), ...(other.ResponseTimeHistogram ?? [])],
  };
}

/** X-Ray's histograms are in whole milliseconds. */
export function latency(seconds: number): string {
  return seconds < 0.001 ? '< 1 ms' : duration(seconds);
}

/** Requests per minute, or a count without `minutes`. */
export function rateText(total: number, minutes: number | undefined): string {
  if (minutes === undefined) return count(total);
  const perMinute = total / minutes;
  return perMinute >= 10_000
    ? `${count(Math.round(perMinute / 1000))}k`
    : perMinute >= 10
      ? count(Math.round(perMinute))
      : String(Number(perMinute.toPrecision(2)));
}

/** Count, latency and outcomes as text, for the hover card and for screen readers. */
export function figuresOf({
  statistics,
  histogram,
  minutes,
}: {
  statistics: Statistics | null;
  histogram: readonly HistogramEntry[] | null;
  minutes: number | undefined;
}): string[] {
  const total = statistics?.TotalCount ?? 0;
  const shares = sharesOf(statistics);
  const quantiles = [0.5, 0.95].flatMap((share) => {
    const seconds = quantile(histogram, share);
    return seconds === undefined ? [] : [`p${share * 100} ${latency(seconds)}`];
  });
  const ended = [
    [shares.fault, 'fault', 'faults'],
    [shares.throttle, 'throttled', 'throttled'],
    [shares.error, 'error', 'errors'],
  ] as const;
  return [
    plural(total, 'request'),
    ...(minutes === undefined ? [] : [`${rateText(total, minutes)} a minute`]),
    ...quantiles,
    ...ended.flatMap(([number, one, many]) => (number === 0 ? [] : [plural(number, one, many)])),
  ];
}

/** The type in words: DynamoDB table for `AWS::DynamoDB::Table`. */
export function typeName(type: string | null): string {
  if (type === null || type === '' || type === 'remote') return '';
  if (type === 'client') return 'client';
  if (type === BALANCER_TYPE) return 'ALB, from logs';
  const [first = '', second] = type.replace(/^AWS::/, '').split('::');
  if (second === undefined) return first;
  return first === 'Database' ? second : `${first} ${second.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()}`;
}

/** The selected node or edge. */
export interface MapSelection {
  readonly node: number;
  /** The edge's other end; undefined for the node itself. */
  readonly to: number | undefined;
}
