/** What GetServiceGraph and GetTraceGraph answer. Source: X-Ray's published service model, 2016-04-12. */
export interface Graph {
  readonly Services: readonly GraphService[];
}

export interface Statistics {
  readonly OkCount: number;
  readonly ErrorStatistics: { readonly ThrottleCount: number; readonly OtherCount: number; readonly TotalCount: number };
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
  /** `link` for what is sent and received later. */
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
}

export const OUTCOMES = ['ok', 'error', 'throttle', 'fault'] as const;
export type MapOutcome = (typeof OUTCOMES)[number];

/** Requests by outcome. */
export type Shares = Readonly<Record<MapOutcome, number>>;

export function sharesOf(statistics: Statistics | null): Shares {
  if (statistics === null) return { ok: 0, error: 0, throttle: 0, fault: 0 };
  const { OkCount, ErrorStatistics, FaultStatistics } = statistics;
  return { ok: OkCount, error: ErrorStatistics.OtherCount, throttle: ErrorStatistics.ThrottleCount, fault: FaultStatistics.TotalCount };
}

/** Seconds that `share` of the requests stayed below; undefined when there are none. */
export function quantile(histogram: readonly HistogramEntry[] | null, share: number): number | undefined {
  const entries = (histogram ?? []).toSorted((a, b) => a.Value - b.Value);
  const total = entries.reduce((sum, { Count }) => sum + Count, 0);
  if (total === 0) return undefined;
  let passed = 0;
  for (const { Value, Count } of entries) {
    passed += Count;
    if (passed >= share * total) return Value;
  }
  return entries.at(-1)!.Value;
}

export interface MapNode {
  readonly id: number;
  readonly service: GraphService;
  /** px. */
  readonly radius: number;
  readonly isClient: boolean;
}

export interface MapEdge {
  readonly from: number;
  readonly to: number;
  readonly edge: GraphEdge;
  /** px. */
  readonly width: number;
  readonly isAsync: boolean;
}

/** What is drawn: a node's area follows its traffic, an edge's width too. */
export function mapOf({ Services }: Graph): { nodes: MapNode[]; edges: MapEdge[] } {
  const countOf = (service: GraphService): number => {
    if (service.Type !== 'client') return service.SummaryStatistics?.TotalCount ?? 0;
    return service.Edges.reduce((sum, { SummaryStatistics }) => sum + (SummaryStatistics?.TotalCount ?? 0), 0);
  };
  const most = Math.max(1, ...Services.map(countOf));
  const nodes = Services.map((service) => ({
    id: service.ReferenceId,
    service,
    radius: 18 + 20 * Math.sqrt(countOf(service) / most),
    isClient: service.Type === 'client',
  }));
  const ids = new Set(nodes.map(({ id }) => id));
  const busiest = Math.max(1, ...Services.flatMap(({ Edges }) => Edges.map(({ SummaryStatistics }) => SummaryStatistics?.TotalCount ?? 0)));
  const edges = Services.flatMap(({ ReferenceId, Edges }) =>
    Edges.filter((edge) => ids.has(edge.ReferenceId)).map((edge) => ({
      from: ReferenceId,
      to: edge.ReferenceId,
      edge,
      width: 1 + 3 * Math.sqrt((edge.SummaryStatistics?.TotalCount ?? 0) / busiest),
      isAsync: edge.EdgeType === 'link',
    })),
  );
  return { nodes, edges };
}

/** In words, as people call them: `AWS::DynamoDB::Table` is DynamoDB table. */
export function typeName(type: string | null): string {
  if (type === null || type === '' || type === 'remote') return '';
  if (type === 'client') return 'client';
  if (type.startsWith('Database::')) return type.split('::')[1]!;
  const parts = type.replace(/^AWS::/, '').split('::');
  if (parts.length === 1) return parts[0]!;
  return `${parts[0]} ${parts[1]!.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()}`;
}

/** What is looked at: a node, or an edge. */
export interface MapSelection {
  readonly node: number;
  /** The edge's other end; undefined for the node itself. */
  readonly to: number | undefined;
}
