/**
 * Who may call an operation without their own credentials:
 * `sdk`: every application on the host. SDKs call it through the daemon, which forwards it; the local X-Ray requires no
 * token.
 * `daemon`: other operations that AWSXRayDaemonWriteAccess allows. The daemon forwards it; the local X-Ray requires its
 * token.
 * `account`: operations that read traces or change settings. The daemon forwards it only with --proxy-allow; the local
 * X-Ray requires its token.
 */
export type Caller = 'sdk' | 'daemon' | 'account';

interface OperationRow {
  /** Path of the POST request; X-Ray has no other method. */
  readonly path: string;
  readonly caller: Caller;
  /** Changes what later responses say about the account: groups, rules, tags, policies, settings. */
  readonly changes?: true;
  /** Reads traces, so the response may be large. */
  readonly reads?: true;
}

/**
 * Every operation of X-Ray. Sources: the X-Ray model 2016-04-12 (checked by test/formats/xray/operations.test.ts) and
 * the managed policy AWSXRayDaemonWriteAccess.
 */
export const OPERATIONS = {
  PutTraceSegments: { path: '/TraceSegments', caller: 'sdk' },
  PutTelemetryRecords: { path: '/TelemetryRecords', caller: 'sdk' },
  GetSamplingRules: { path: '/GetSamplingRules', caller: 'sdk' },
  GetSamplingTargets: { path: '/SamplingTargets', caller: 'sdk' },
  GetSamplingStatisticSummaries: { path: '/SamplingStatisticSummaries', caller: 'daemon' },
  BatchGetTraces: { path: '/Traces', caller: 'account', reads: true },
  CancelTraceRetrieval: { path: '/CancelTraceRetrieval', caller: 'account' },
  CreateGroup: { path: '/CreateGroup', caller: 'account', changes: true },
  CreateSamplingRule: { path: '/CreateSamplingRule', caller: 'account', changes: true },
  DeleteGroup: { path: '/DeleteGroup', caller: 'account', changes: true },
  DeleteResourcePolicy: { path: '/DeleteResourcePolicy', caller: 'account', changes: true },
  DeleteSamplingRule: { path: '/DeleteSamplingRule', caller: 'account', changes: true },
  GetEncryptionConfig: { path: '/EncryptionConfig', caller: 'account' },
  GetGroup: { path: '/GetGroup', caller: 'account' },
  GetGroups: { path: '/Groups', caller: 'account' },
  GetIndexingRules: { path: '/GetIndexingRules', caller: 'account' },
  GetInsight: { path: '/Insight', caller: 'account', reads: true },
  GetInsightEvents: { path: '/InsightEvents', caller: 'account', reads: true },
  GetInsightImpactGraph: { path: '/InsightImpactGraph', caller: 'account', reads: true },
  GetInsightSummaries: { path: '/InsightSummaries', caller: 'account', reads: true },
  GetRetrievedTracesGraph: { path: '/GetRetrievedTracesGraph', caller: 'account', reads: true },
  GetServiceGraph: { path: '/ServiceGraph', caller: 'account', reads: true },
  GetTimeSeriesServiceStatistics: { path: '/TimeSeriesServiceStatistics', caller: 'account', reads: true },
  GetTraceGraph: { path: '/TraceGraph', caller: 'account', reads: true },
  GetTraceSegmentDestination: { path: '/GetTraceSegmentDestination', caller: 'account' },
  GetTraceSummaries: { path: '/TraceSummaries', caller: 'account', reads: true },
  ListResourcePolicies: { path: '/ListResourcePolicies', caller: 'account' },
  ListRetrievedTraces: { path: '/ListRetrievedTraces', caller: 'account', reads: true },
  ListTagsForResource: { path: '/ListTagsForResource', caller: 'account' },
  PutEncryptionConfig: { path: '/PutEncryptionConfig', caller: 'account', changes: true },
  PutResourcePolicy: { path: '/PutResourcePolicy', caller: 'account', changes: true },
  StartTraceRetrieval: { path: '/StartTraceRetrieval', caller: 'account', reads: true },
  TagResource: { path: '/TagResource', caller: 'account', changes: true },
  UntagResource: { path: '/UntagResource', caller: 'account', changes: true },
  UpdateGroup: { path: '/UpdateGroup', caller: 'account', changes: true },
  UpdateIndexingRule: { path: '/UpdateIndexingRule', caller: 'account', changes: true },
  UpdateSamplingRule: { path: '/UpdateSamplingRule', caller: 'account', changes: true },
  UpdateTraceSegmentDestination: { path: '/UpdateTraceSegmentDestination', caller: 'account', changes: true },
} as const satisfies Record<string, OperationRow>;

export type OperationName = keyof typeof OPERATIONS;

/** Operations with `changes`. */
export type ChangingOperationName = {
  [N in OperationName]: (typeof OPERATIONS)[N] extends { readonly changes: true } ? N : never;
}[OperationName];

export interface XRayOperation extends OperationRow {
  readonly name: OperationName;
}

/** The table as a list. */
export const ALL_OPERATIONS: readonly XRayOperation[] = Object.entries(OPERATIONS).map(([name, row]) => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries knows no keys
  name: name as OperationName,
  ...row,
}));

const BY_PATH = new Map(ALL_OPERATIONS.map((operation) => [operation.path, operation]));

/** The operation at a request path, which must match exactly; undefined if there is none. */
export function operationAt(path: string): XRayOperation | undefined {
  return BY_PATH.get(path);
}

/**
 * The IAM action of an operation. Source: the service authorization reference, where actions are named like operations.
 */
export function iamActionOf({ name }: XRayOperation): string {
  return `xray:${name}`;
}
