import { causeMembers } from '../trace/members.ts';
import type { CauseService, RootCause } from '../trace/root-causes.ts';
import { annotationsOf, type TraceView } from '../trace/trace-view.ts';
import { member, textOf } from '../json/json.ts';
import type { Span } from '../trace/model.ts';
import { walk } from '../trace/walk.ts';
import type { Call, Visit } from '../trace/map.ts';
import type { ServiceId } from '../trace/service-id.ts';
import { compare, contains } from './compare.ts';
import { BOOLEANS, type CauseLevel, type Expression, type Field, type Selector, type Value } from './expression.ts';

/** The values of a field in the current scope; none if it is not set. */
type Resolve = (field: Field) => readonly (Value | undefined)[];

/** Whether a trace matches `expression`. Groups must be expanded before (groups.ts). */
export function matches(expression: Expression, view: TraceView): boolean {
  return judge(expression, (field) => ofTrace(field, view), view);
}

/** The first service request that matches a `service(…)` of the expression, for `MatchedService`. */
export function matchedVisit(expression: Expression, view: TraceView): Visit | undefined {
  return firstOf(expression, (each) =>
    each.kind === 'service' ? view.map.visits.find((visit) => isVisit(visit, each.at, each.body)) : undefined,
  );
}

/** The first call that matches an `edge(…)` of the expression, for `MatchedEdge`. */
export function matchedCall(expression: Expression, view: TraceView): Call | undefined {
  return firstOf(expression, (each) =>
    each.kind === 'edge' ? view.map.calls.find((call) => isCall(call, each)) : undefined,
  );
}

/** Whether a request of a service matches `service(…)`. */
export function isVisit(visit: Visit, at: Selector, body: Expression | undefined): boolean {
  return (
    isSelected(visit.service, visit.isInferred ? undefined : visit.span, at) &&
    (body === undefined || judge(body, (field) => ofVisit(field, visit), undefined))
  );
}

export function isCall(
  call: Call,
  { from, to, body }: { readonly from: Selector; readonly to: Selector; readonly body: Expression | undefined },
): boolean {
  return (
    isSelected(call.from, call.source, from) &&
    isSelected(call.to, call.destination, to) &&
    (body === undefined || judge(body, (field) => ofCall(field, call), undefined))
  );
}

function firstOf<T>(expression: Expression, find: (expression: Expression) => T | undefined): T | undefined {
  if (expression.kind !== 'and' && expression.kind !== 'or') return find(expression);
  for (const each of expression.of) {
    const found = firstOf(each, find);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `view` is set only at the trace's level, where the complex keywords are allowed. */
function judge(expression: Expression, resolve: Resolve, view: TraceView | undefined): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.of.every((each) => judge(each, resolve, view));
    case 'or':
      return expression.of.some((each) => judge(each, resolve, view));
    case 'not':
      return !judge(expression.of, resolve, view);
    case 'exists':
      if (BOOLEANS.has(expression.field.keyword)) return isTrue(expression.field, resolve);
      return resolve(expression.field).some((value) => value !== undefined);
    case 'compare': {
      const { field, operator, value: asked } = expression;
      if (BOOLEANS.has(field.keyword)) return compare(isTrue(field, resolve), operator, asked);
      return resolve(field).some((value) => value !== undefined && compare(value, operator, asked));
    }
    case 'service':
      return view?.map.visits.some((visit) => isVisit(visit, expression.at, expression.body)) ?? false;
    case 'edge':
      return view?.map.calls.some((call) => isCall(call, expression)) ?? false;
    case 'rootcause':
      return (
        view
          ?.causes(expression.cause)
          .some((cause) => stepsOf(cause, expression.level).some((step) => judge(expression.body, step, undefined))) ??
        false
      );
    case 'rootcause.json': {
      const { isEqual, json } = expression;
      return (
        view !== undefined &&
        (['fault', 'error', 'responsetime'] as const).some((kind) => contains(plainCauses(view, kind), json)) ===
          isEqual
      );
    }
  }
}

/** Unknown counts as false: a trace without a root has no fault, so `!fault` and `fault = false` are equivalent. */
function isTrue(field: Field, resolve: Resolve): boolean {
  return resolve(field).includes(true);
}

function plainCauses(view: TraceView, kind: 'fault' | 'error' | 'responsetime'): unknown {
  return JSON.parse(JSON.stringify(view.causes(kind).map((cause) => causeMembers(kind, cause))));
}

/** `account.id` is the account in the segment, even where responses omit it. */
function isSelected({ name, type }: ServiceId, segment: Span | undefined, selector: Selector): boolean {
  return (
    (selector.name === undefined || selector.name === name) &&
    (selector.type === undefined || selector.type === type) &&
    (selector.accountId === undefined || selector.accountId === segment?.aws['account_id'])
  );
}

function ofTrace(field: Field, view: TraceView): readonly (Value | undefined)[] {
  const { root } = view;
  switch (field.keyword) {
    case 'partial':
      return [view.isPartial];
    case 'inferred':
      return [view.map.visits.some(({ isInferred }) => isInferred)];
    case 'duration':
      return [view.duration];
    case 'user':
    case 'availabilityzone':
    case 'instance.id':
    case 'resource.arn':
      return view.trace.segments.map((segment) => placeOf(field.keyword, segment));
    case 'annotation':
      return view.annotations.get(field.key ?? '') ?? [];
    default:
      return root === undefined ? [] : ofSpan(field.keyword, root);
  }
}

function ofVisit({ keyword }: Field, { span, isInferred, isRoot }: Visit): readonly (Value | undefined)[] {
  if (keyword === 'inferred') return [isInferred];
  if (keyword === 'root') return [isRoot];
  return keyword === 'partial' ? [span.isInProgress] : ofSpan(keyword, span);
}

function ofCall({ keyword, key }: Field, { span, source, destination }: Call): readonly (Value | undefined)[] {
  if (!keyword.endsWith('annotation')) return ofSpan(keyword, span);
  const segment = keyword === 'source.annotation' ? source : destination;
  if (segment === undefined) return [];
  const spans: Span[] = [];
  walk(segment, (each) => spans.push(each));
  return annotationsOf(spans).get(key ?? '') ?? [];
}

function ofSpan(keyword: string, span: Span): readonly (Value | undefined)[] {
  const { isFault, isError, isThrottle } = span.outcome;
  switch (keyword) {
    case 'ok':
      return [!span.isInProgress && !isFault && !isError && !isThrottle];
    case 'fault':
      return [isFault];
    case 'error':
      return [isError];
    case 'throttle':
      return [isThrottle];
    case 'responsetime':
    case 'duration':
      return [span.seconds];
    case 'http.status':
      return [span.httpStatus];
    case 'http.url':
      return [span.http?.url];
    case 'http.method':
      return [span.http?.method];
    case 'http.useragent':
      return [span.http?.userAgent];
    case 'http.clientip':
      return [span.http?.clientIp];
    default:
      return [placeOf(keyword, span)];
  }
}

function placeOf(keyword: string, span: Span): string | undefined {
  switch (keyword) {
    case 'user':
      return span.user;
    case 'resource.arn':
      return span.resourceArn;
    case 'instance.id':
      return textOf(member(span.aws['ec2'], 'instance_id'));
    case 'availabilityzone':
      return textOf(member(span.aws['ec2'], 'availability_zone'));
    default:
      return undefined;
  }
}

/** One `Resolve` for each service, entity or exception along a root cause. */
function stepsOf({ services }: RootCause, level: CauseLevel): Resolve[] {
  const steps = itemsOf(services, level);
  return steps.map((item, index) => ({ keyword }) => {
    switch (keyword) {
      case 'first':
        return [index === 0];
      case 'last':
        return [index === steps.length - 1];
      case 'index':
        return [index];
      default:
        return [item[keyword]];
    }
  });
}

type Item = Readonly<Record<string, Value | undefined>>;

function itemsOf(services: readonly CauseService[], level: CauseLevel): Item[] {
  return services.flatMap(({ service, isInferred, path }): Item[] => {
    const whose = { type: service.type ?? undefined, inferred: isInferred };
    if (level === 'service')
      return [
        { ...whose, name: service.name, remote: path.some(({ isRemote }) => isRemote), coverage: path[0]?.coverage },
      ];
    return path.flatMap(({ name, coverage, isRemote, exceptions }): Item[] =>
      level === 'entity'
        ? [{ ...whose, name, coverage, remote: isRemote }]
        : exceptions.map(({ type, message }) => ({
            ...whose,
            name: type ?? undefined,
            message: message ?? undefined,
            remote: isRemote,
          })),
    );
  });
}
