import { randomUUID } from 'node:crypto';
import type { XRayApiDeps } from '../../src/aws/xray-api.ts';
import { judgeDocument } from './document-rules.ts';
import { FakeServer, json, type Behaviour, type CannedReply, type RecordedRequest } from './server.ts';
import { signatureProblem, type KnownCredentials } from './sigv4.ts';
import { RULE_FOR_ALL } from './sampling-rule.ts';

type SourceOfCredentials = XRayApiDeps['credentials'];

export const EXAMPLE_CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

/** The same as variables for a program. */
export const EXAMPLE_KEYS = {
  AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
};

/** What an `XRayApi` needs of a `CredentialSource`: by default, it always has the credentials of the example. */
export function exampleSource(more: Partial<SourceOfCredentials> = {}): SourceOfCredentials {
  return {
    current: () => EXAMPLE_CREDENTIALS,
    get: async () => EXAMPLE_CREDENTIALS,
    problem: '',
    invalidate: () => {},
    refused: () => {},
    ...more,
  };
}

export interface FakeXRayConfig {
  readonly region?: string;
  readonly credentials?: readonly KnownCredentials[];
  readonly tls?: { key: string; cert: string };
}

const DEFAULT_RULE = {
  ...RULE_FOR_ALL,
  RuleName: 'Default',
  RuleARN: 'arn:aws:xray:us-east-1:123456789012:sampling-rule/Default',
  Priority: 10_000,
  FixedRate: 1,
  Attributes: {},
};

const ACTIONS: Readonly<Record<string, string>> = {
  '/TraceSegments': 'xray:PutTraceSegments',
  '/TelemetryRecords': 'xray:PutTelemetryRecords',
  '/GetSamplingRules': 'xray:GetSamplingRules',
  '/SamplingTargets': 'xray:GetSamplingTargets',
  '/SamplingStatisticSummaries': 'xray:GetSamplingStatisticSummaries',
};

/**
 * X-Ray as the daemon sees it: verifies the signature, the form of each call and each document, and answers like X-Ray.
 */
export class FakeXRay extends FakeServer {
  readonly region: string;
  /** Kept by reference: a fake that issues credentials may add to it. */
  readonly credentials: readonly KnownCredentials[];
  /** Every document it accepted, in order. */
  readonly documents: string[] = [];
  /** IAM actions that the caller lacks. */
  readonly denied = new Set<string>();
  readonly problems: string[] = [];
  rules: Record<string, unknown>[] = [DEFAULT_RULE];
  latencyMs = 0;
  /** How far its clock is ahead of this machine's. */
  clockAheadMs = 0;
  /** Every n-th document is throttled inside an HTTP 200; 0 = none. */
  throttleEvery = 0;
  #seen = 0;
  /** Called first: any result except undefined is the answer. */
  intercept: (request: RecordedRequest) => Behaviour | undefined | Promise<Behaviour | undefined> = () => undefined;

  constructor({ region = 'us-east-1', credentials = [EXAMPLE_CREDENTIALS], tls }: FakeXRayConfig = {}) {
    super(tls);
    this.region = region;
    this.credentials = credentials;
  }

  /** The calls of `path`. */
  calls(path: string): RecordedRequest[] {
    return this.requests.filter((request) => request.target === path);
  }

  protected override async answer(request: RecordedRequest): Promise<Behaviour> {
    if (this.latencyMs > 0) await new Promise((next) => setTimeout(next, this.latencyMs));
    const canned = await this.intercept(request);
    if (canned !== undefined) return canned;
    const answered = this.#reply(request);
    const reply = { ...answered, headers: { ...answered.headers, 'x-amzn-requestid': randomUUID() } };
    if (this.clockAheadMs === 0) return reply;
    return { ...reply, headers: { ...reply.headers, date: new Date(Date.now() + this.clockAheadMs).toUTCString() } };
  }

  /** Accepts a document that X-Ray would accept. */
  protected accept(document: string): void {
    this.documents.push(document);
  }

  #reply(request: RecordedRequest): CannedReply {
    const problem = signatureProblem(request, 'xray', this.region, this.credentials, Date.now() + this.clockAheadMs);
    if (problem !== undefined) {
      this.problems.push(`${request.target}: ${problem}`);
      return refuse(403, problem, 'The request signature we calculated does not match the signature you provided.');
    }
    const action = ACTIONS[request.target];
    if (action === undefined)
      return json({ Output: { __type: 'com.amazon.coral.service#UnknownOperationException' }, Version: '1.0' });
    if (this.denied.has(action)) {
      const caller = 'arn:aws:sts::123456789012:assumed-role/node/i-0abc';
      return refuse(
        403,
        'AccessDeniedException',
        `User: ${caller} is not authorized to perform: ${action} because no identity-based policy allows it`,
      );
    }
    return this.#perform(request);
  }

  #perform({ target, body }: RecordedRequest): CannedReply {
    let input: Record<string, unknown>;
    try {
      input =
        body.length === 0
          ? {}
          : (JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as Record<string, unknown>);
    } catch {
      return refuse(400, 'SerializationException', 'Could not parse request body into json');
    }
    if (target === '/TraceSegments') return this.#putTraceSegments(input);
    if (target === '/GetSamplingRules') {
      return json({
        NextToken: null,
        SamplingRuleRecords: this.rules.map((rule) => ({ CreatedAt: 0, ModifiedAt: 0, SamplingRule: rule })),
      });
    }
    if (target === '/SamplingTargets') return this.#targets(input);
    if (target === '/TelemetryRecords') {
      const records = input['TelemetryRecords'];
      if (!Array.isArray(records) || records.length === 0)
        return refuse(400, 'InvalidRequestException', 'Telemetry records cannot be empty');
      return json({});
    }
    return json({ SamplingStatisticSummaries: [], NextToken: null });
  }

  #putTraceSegments(input: Record<string, unknown>): CannedReply {
    const documents = input['TraceSegmentDocuments'];
    if (!Array.isArray(documents) || documents.length === 0)
      return refuse(400, 'InvalidRequestException', 'Segments can not be empty');
    if (documents.length > 50) return refuse(400, 'InvalidRequestException', 'Exceeding maximum segment count: 50');
    if (!documents.every((document) => typeof document === 'string'))
      return refuse(400, 'SerializationException', 'Expected a string');
    const unprocessed: object[] = [];
    for (const document of documents) {
      this.#seen++;
      const isThrottled = this.throttleEvery > 0 && this.#seen % this.throttleEvery === 0;
      const refusal = isThrottled ? { id: idOf(document), code: 'ThrottledException' } : judgeDocument(document);
      if (refusal === undefined) this.accept(document);
      else
        unprocessed.push({
          Id: refusal.id,
          ErrorCode: refusal.code,
          Message: `Invalid segment. ErrorCode: ${refusal.code}`,
        });
    }
    return json({ UnprocessedTraceSegments: unprocessed });
  }

  #targets(input: Record<string, unknown>): CannedReply {
    const documents = (input['SamplingStatisticsDocuments'] ?? []) as { RuleName: string }[];
    const known = documents.filter(({ RuleName }) => this.rules.some((rule) => rule['RuleName'] === RuleName));
    const ttl = Math.floor(Date.now() / 1000) + 300;
    return json({
      LastRuleModification: 0,
      SamplingTargetDocuments: known.map(({ RuleName }) => {
        const rule = this.rules.find((one) => one['RuleName'] === RuleName);
        return {
          RuleName,
          FixedRate: rule?.['FixedRate'],
          Interval: 10,
          ReservoirQuota: rule?.['ReservoirSize'],
          ReservoirQuotaTTL: ttl,
        };
      }),
      UnprocessedStatistics: documents
        .filter((document) => !known.includes(document))
        .map(({ RuleName }) => ({ RuleName, ErrorCode: '400', Message: 'Unknown rule' })),
    });
  }
}

function idOf(document: string): string | null {
  return /"id":"([0-9a-f]{16})"/.exec(document)?.[1] ?? null;
}

function refuse(status: number, errorType: string, message: string): CannedReply {
  return json({ Message: message }, status, { 'x-amzn-errortype': errorType });
}
