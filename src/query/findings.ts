import { ruleFor, type SamplingRule } from '../sampling/rule.ts';
import { MAX_NAME_LENGTH } from '../trace/limits.ts';
import type { DocumentFacts, Finding, Span } from '../trace/model.ts';
import { shown } from '../trace/shown.ts';
import { skewOf } from '../trace/skew.ts';
import { isAnnotationValue, type TraceView } from '../trace/trace-view.ts';
import { walk } from '../trace/walk.ts';
import { MAX_TRACE_BYTES } from './documents.ts';

/** X-Ray's quotas. https://docs.aws.amazon.com/general/latest/gr/xray.html */
const MAX_DOCUMENT_BYTES = 64 * 1024;
const MAX_ANNOTATIONS = 50;
/** Source: X-Ray developer guide, annotations; its older pages and the published schema have no dots. */
const ANNOTATION_KEY = /^[\w.]{1,500}$/;
/**
 * AWS's own services write keys with colons, such as aws:api_id of API Gateway and aws:canary_run_id of Synthetics, and
 * filters find them.
 */
const AWS_KEY = /^aws[:.][\w.:-]{1,496}$/;
const MAX_ANNOTATION_TEXT = 1_000;
/** Source: X-Ray developer guide, tracing event-driven applications. */
const MAX_LINKS = { segment: 20, trace: 100 };

/** What AWS would do to this trace. `rules`: the sampling rules as AWS has them. */
export function findingsOf(view: TraceView, documents: DocumentFacts, rules: readonly SamplingRule[]): Finding[] {
  return [
    ...sizes(documents),
    ...documents.findings,
    ...names(view),
    ...annotations(view),
    ...links(view),
    ...parts(view),
    ...skews(view),
    ...sampling(view, rules),
  ];
}

function sizes(documents: DocumentFacts): Finding[] {
  const findings: Finding[] = [];
  for (const { id, bytes } of documents.sizes) {
    if (bytes <= MAX_DOCUMENT_BYTES) continue;
    findings.push({
      code: 'document_too_large',
      id: id(),
      message: `the document has ${bytes} bytes; X-Ray's quota is ${MAX_DOCUMENT_BYTES}`,
      remedy: 'Put less into metadata, or let the SDK stream subsegments earlier (streaming threshold).',
    });
  }
  const total = documents.sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > MAX_TRACE_BYTES) {
    const message = `the trace has ${total} bytes; X-Ray refuses segments beyond ${MAX_TRACE_BYTES}, and beyond 100 KB for long traces`;
    findings.push({
      code: 'trace_too_large',
      id: null,
      message,
      remedy: 'Record fewer subsegments, or start a new trace for each item of a batch.',
    });
  }
  return findings;
}

function names({ trace }: TraceView): Finding[] {
  return (
    [...trace.spans()]
      // What OpenTelemetry calls a span is another name than X-Ray's, and kept.
      .filter(({ name, xrayName }) => name.length > MAX_NAME_LENGTH && name.startsWith(xrayName))
      .map(({ id, name }) => ({
        code: 'name_cut',
        id,
        message: `the name has ${name.length} characters; X-Ray cuts it at ${MAX_NAME_LENGTH}`,
        remedy: 'Name the service, and put what varies into an annotation.',
      }))
  );
}

function annotations({ trace }: TraceView): Finding[] {
  const findings: Finding[] = [];
  const keys = new Set<string>();
  const add = ({ id }: Span, message: string, remedy: string): void =>
    void findings.push({ code: 'annotation_not_indexed', id, message, remedy });
  for (const span of trace.spans()) {
    for (const [key, value] of Object.entries(span.annotations)) {
      keys.add(key);
      const name = shown(key);
      if (!isAnnotationValue(value)) {
        add(
          span,
          `annotation "${name}" is neither text, number nor boolean`,
          'Put it into metadata, or annotate its parts.',
        );
      } else if (!ANNOTATION_KEY.test(key) && !AWS_KEY.test(key)) {
        add(
          span,
          `annotation "${name}": X-Ray takes up to 500 letters, digits, _ and . in keys`,
          'Name it with letters, digits, _ and dots.',
        );
      } else if (typeof value === 'string' && value.length > MAX_ANNOTATION_TEXT) {
        add(
          span,
          `annotation "${name}" has ${value.length} characters; X-Ray accepts ${MAX_ANNOTATION_TEXT}`,
          'Put long texts into metadata.',
        );
      }
    }
  }
  if (keys.size > MAX_ANNOTATIONS) {
    const message = `the trace has ${keys.size} annotations; X-Ray indexes ${MAX_ANNOTATIONS}`;
    findings.push({
      code: 'annotation_not_indexed',
      id: null,
      message,
      remedy: 'Annotate what you search for, and put the rest into metadata.',
    });
  }
  return findings;
}

function links({ trace }: TraceView): Finding[] {
  const findings: Finding[] = [];
  let all = 0;
  const add = (id: string | null, count: number, most: number): void => {
    if (count <= most) return;
    const what = id === null ? 'trace' : 'segment';
    const message = `the ${what} has ${count} links to other traces; X-Ray accepts ${most}`;
    findings.push({
      code: 'too_many_links',
      id,
      message,
      remedy: 'Send fewer messages in one request, or receive them in smaller batches.',
    });
  };
  for (const segment of trace.segments) {
    let own = 0;
    walk(segment, (span) => void (own += span.links.length));
    add(segment.id, own, MAX_LINKS.segment);
    all += own;
  }
  add(null, all, MAX_LINKS.trace);
  return findings;
}

function parts({ trace }: TraceView): Finding[] {
  const orphans = [
    ...trace.orphans,
    ...trace.segments.filter(({ parentId }) => parentId !== undefined && trace.find(parentId) === undefined),
  ];
  return [
    ...orphans.map(({ id, parentId, isSubsegment }) => ({
      code: 'orphan',
      id,
      message: isSubsegment
        ? `its parent ${parentId} has not come: X-Ray does not show such a subsegment`
        : `its caller ${parentId} has not come: X-Ray shows the trace as partial, without a root`,
      remedy:
        'Make sure that the caller reports to this daemon too. In Lambda, the parent is the function segment, which only AWS sends.',
    })),
    ...[...trace.spans()]
      .filter(({ isInProgress }) => isInProgress)
      .map(({ id }) => ({
        code: 'unclosed',
        id,
        message: 'it is still in progress: it was never closed',
        remedy: 'Close it in a finally block, or with the SDK’s capture functions, which do that.',
      })),
  ];
}

/** A callee that started before it was called, or ended after its caller got the response, has a different clock. */
function skews({ trace }: TraceView): Finding[] {
  const findings: Finding[] = [];
  for (const segment of trace.segments) {
    const early = skewOf(trace, segment);
    if (early === 0) continue;
    const message = `it starts ${Math.round(early * 1000)} ms before the call that caused it: the clocks of the two machines differ`;
    findings.push({
      code: 'clock_skew',
      id: segment.id,
      message,
      remedy: 'Synchronise the clocks (chrony, Amazon Time Sync).',
    });
  }
  return findings;
}

function sampling({ root, trace }: TraceView, rules: readonly SamplingRule[]): Finding[] {
  if (!trace.isSampled)
    return [
      {
        code: 'unsampled',
        id: null,
        message: 'its spans arrived unsampled: AWS only counts them in Application Signals, and shows no trace',
        remedy: 'Raise the rate of the sampling rule for this service if such requests matter.',
      },
    ];
  if (root === undefined) return [];
  const { url, method } = root.http ?? {};
  const target = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  const rule = ruleFor(rules, {
    serviceName: root.xrayName,
    serviceType: root.origin ?? '',
    host: target?.host ?? '',
    method: method ?? '',
    path: target?.pathname ?? '',
  });
  // Nobody needs to act on the rule Default, which applies to every service; GET /api/sampling shows which rule
  // applies.
  if (rule === undefined || rule.FixedRate >= 1 || rule.RuleName === 'Default') return [];
  const percent = Math.round(rule.FixedRate * 10_000) / 100;
  return [
    {
      code: 'sampling',
      id: root.id,
      message: `the rule ${rule.RuleName} would apply: ${rule.ReservoirSize} such requests per second are traced, and ${percent} % of the others`,
      remedy: 'In AWS, create a rule with a higher rate for this service if every request matters.',
    },
  ];
}
