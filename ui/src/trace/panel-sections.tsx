import type { ComponentChildren } from 'preact';
import type { Finding } from '../../../src/api/page-types.ts';
import { inferredServiceOf } from '../../../src/trace/inferred-service.ts';
import { isObject } from '../../../src/json/json.ts';
import type { Link } from '../../../src/trace/model.ts';
import { Copy } from '../copy.tsx';
import { count, duration, plural } from '../format.ts';
import { WORDS } from '../outcomes.ts';
import { annotationAsked, resourceAsked, serviceAsked } from './value-search.ts';
import { Exception } from './exception.tsx';
import { Fact } from './fact.tsx';
import { JsonTree } from './json-tree.tsx';
import { selfSecondsOf, type Span, type TraceModel } from './model.ts';
import { Pair } from './pair.tsx';
import type { TraceState } from './trace-state.ts';

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** `tick` changes whenever the span has grown. */
export function Outcome({ span, onPath }: { span: Span; tick: number; onPath: string }) {
  const { outcome, entity } = span;
  const status = entity.httpStatus;
  const retries = entity.aws['retries'];
  const words = `${WORDS[outcome]}${typeof retries === 'number' && retries > 0 ? `, ${plural(retries, 'retry', 'retries')}` : ''}`;
  return (
    <Section title="Outcome">
      <dl class="pairs">
        <Pair name="Status">
          {status === undefined ? (
            <span class={`badge ${outcome}`}>{words}</span>
          ) : (
            <>
              <Fact span={span} value={status} name="status" asked={{ keyword: 'http.status' }}>
                <span class={`badge ${outcome}`}>{status}</span>
              </Fact>{' '}
              {words}
            </>
          )}
        </Pair>
        <Pair name="Start">+{duration(span.start)}</Pair>
        <Pair name="Duration">
          {span.isSilent
            ? 'Never closed'
            : span.isOpen
              ? `Still open after ${duration(span.end - span.start)}`
              : duration(span.end - span.start)}
          {onPath !== '' && <span class="faint">, {onPath}</span>}
          {span.reversed > 0 && <span class="faint">, but it ends {duration(span.reversed)} before it starts</span>}
        </Pair>
        {span.children.length > 0 && <Pair name="Self time">{duration(selfSecondsOf(span))}</Pair>}
        {span.isOrphan && (
          <Pair name="Parent">
            Never arrived: <span class="mono">{entity.parentId}</span>
          </Pair>
        )}
        {span.skew > 0 && (
          <Pair name="Clock">
            {duration(span.skew)} off its caller’s
            {span.shift !== 0 &&
              `: shown ${duration(Math.abs(span.shift))} ${span.shift > 0 ? 'later' : 'earlier'} than recorded`}
          </Pair>
        )}
        <Pair name="User">
          {entity.user && <Fact span={span} value={entity.user} name="user" asked={{ keyword: 'user' }} />}
        </Pair>
        {span.kind !== 'inferred' && (
          <Pair name="Id">
            <Fact span={span} value={entity.id} name="id" isMono />
          </Pair>
        )}
      </dl>
    </Section>
  );
}

export function Exceptions({ span, model, state }: { span: Span; model: TraceModel; state: TraceState }) {
  const own = span.entity.exceptions;
  const referred =
    own.length === 0 && span.entity.causeId !== undefined ? holderOf(model, span.entity.causeId) : undefined;
  if (own.length === 0 && referred === undefined) return null;
  return (
    <Section title={own.length > 1 ? 'Exceptions' : 'Exception'}>
      {own.map((exception, i) => (
        <Exception key={i} exception={exception} span={span} />
      ))}
      {referred !== undefined && (
        <p>
          Came from{' '}
          <button type="button" class="link" onClick={() => state.show(referred)}>
            {referred.name}
          </button>
        </p>
      )}
    </Section>
  );
}

function holderOf(model: TraceModel, exceptionId: string): Span | undefined {
  return model.spans.find(
    ({ kind, entity }) => kind !== 'inferred' && entity.exceptions.some(({ id }) => id === exceptionId),
  );
}

export function Request({ span }: { span: Span }) {
  const { method, url, userAgent, clientIp, contentLength: length } = span.entity.http ?? {};
  if (method === undefined && url === undefined && userAgent === undefined && clientIp === undefined) return null;
  return (
    <Section title="Request">
      <dl class="pairs">
        <Pair name="Method">
          {method && <Fact span={span} value={method} name="method" asked={{ keyword: 'http.method' }} />}
        </Pair>
        <Pair name="URL">
          {url && <Fact span={span} value={url} name="URL" asked={{ keyword: 'http.url' }} isMono />}
        </Pair>
        <Pair name="Client">
          {clientIp && (
            <Fact span={span} value={clientIp} name="address of the client" asked={{ keyword: 'http.clientip' }} />
          )}
        </Pair>
        <Pair name="User agent">
          {userAgent && <Fact span={span} value={userAgent} name="user agent" asked={{ keyword: 'http.useragent' }} />}
        </Pair>
        <Pair name="Response">{length === undefined ? undefined : `${count(length)} bytes`}</Pair>
      </dl>
    </Section>
  );
}

export function Sql({ span }: { span: Span }) {
  const { sql } = span.entity;
  if (sql === undefined) return null;
  const { sanitized_query: query, ...others } = sql;
  return (
    <Section title="SQL">
      {typeof query === 'string' && (
        <div class="code">
          <pre class="mono" tabIndex={0}>
            <Fact span={span} value={query} name="query">
              {query}
            </Fact>
          </pre>
        </div>
      )}
      <Members span={span} of={others} />
    </Section>
  );
}

export function Aws({ span }: { span: Span }) {
  const { xray: _, ...members } = span.entity.aws;
  if (Object.keys(members).length === 0) return null;
  return (
    <Section title="AWS">
      <Members span={span} of={members} />
    </Section>
  );
}

/** Scalars as rows, nested values as trees. */
function Members({ span, of }: { span: Span; of: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <dl class="pairs">
      {entries.map(([name, value]) => (
        <Pair key={name} name={name}>
          {isObject(value) || Array.isArray(value) ? (
            <JsonTree value={value} span={span} />
          ) : (
            <Fact span={span} value={value} name={name} asked={resourceAsked(span, value)} isMono />
          )}
        </Pair>
      ))}
    </dl>
  );
}

export function Annotations({ span }: { span: Span }) {
  const entries = Object.entries(span.entity.annotations);
  if (entries.length === 0) return null;
  return (
    <Section title="Annotations">
      <dl class="pairs">
        {entries.map(([key, value]) => (
          <Pair key={key} name={key}>
            {isObject(value) || Array.isArray(value) ? (
              <JsonTree value={value} span={span} />
            ) : (
              <Fact span={span} value={value} name={key} asked={annotationAsked(key, value)} />
            )}
          </Pair>
        ))}
      </dl>
    </Section>
  );
}

export function Metadata({ span }: { span: Span }) {
  const { metadata } = span.entity;
  if (Object.keys(metadata).length === 0) return null;
  const isDefault = Object.keys(metadata).every((space) => space === 'default');
  return (
    <Section title="Metadata">
      <JsonTree value={isDefault ? metadata['default'] : metadata} levels={2} span={span} />
    </Section>
  );
}

export function Resources({ span }: { span: Span }) {
  const { isCall, namespace, resourceArn: arn, origin, service } = span.entity;
  if (isCall && namespace === 'remote' && span.callee === undefined) {
    const { name } = inferredServiceOf(span.entity);
    return (
      <Section title="Resources">
        <dl class="pairs">
          <Pair name="Service">
            <Fact span={span} value={name} name="name" asked={serviceAsked(name)} />
          </Pair>
        </dl>
      </Section>
    );
  }
  if (span.kind !== 'segment' || (arn === undefined && origin === undefined && Object.keys(service).length === 0))
    return null;
  return (
    <Section title="Resources">
      <dl class="pairs">
        <Pair name="Service">
          <Fact span={span} value={span.name} name="name" asked={serviceAsked(span.name)} />
        </Pair>
        <Pair name="Type">
          {origin && <Fact span={span} value={origin} name="type" asked={serviceAsked(span.name, origin)} />}
        </Pair>
        <Pair name="ARN">
          {arn && <Fact span={span} value={arn} name="ARN" asked={{ keyword: 'resource.arn' }} isMono />}
        </Pair>
        {Object.entries(service).map(([name, value]) => (
          <Pair key={name} name={name}>
            <JsonTree value={value} span={span} name={name} />
          </Pair>
        ))}
      </dl>
    </Section>
  );
}

/** What a link to another trace says: "Sent to consumer". */
export function directionOf({ isToReceiver, service }: Pick<Link, 'isToReceiver' | 'service'>): string {
  return `${isToReceiver ? 'Sent to' : 'Received from'} ${service?.name ?? 'another trace'}`;
}

export function Links({ span }: { span: Span }) {
  const { links } = span.entity;
  if (links.length === 0) return null;
  return (
    <Section title="Linked traces">
      {links.map(({ traceId, id, isToReceiver, service }) => (
        <p key={`${traceId} ${id}`}>
          <span class="dim">{directionOf({ isToReceiver, service })}</span>{' '}
          <a class="link mono" href={`/traces/${traceId}`}>
            {traceId}
          </a>
        </p>
      ))}
    </Section>
  );
}

export function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <Section title="What AWS would do">
      <FindingList findings={findings} />
    </Section>
  );
}

/** With a capital letter. */
export function sentence(message: string): string {
  return message.slice(0, 1).toUpperCase() + message.slice(1);
}

export function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <>
      {findings.map(({ code, message, remedy }, i) => (
        <div key={`${code} ${i}`} class="finding">
          <b>{sentence(message)}</b>
          <p class="dim">{remedy}</p>
        </div>
      ))}
    </>
  );
}

export function RawDocument({ span }: { span: Span }) {
  return (
    <Section title={span.kind === 'segment' ? 'Document' : 'Subsegment'}>
      <JsonTree value={span.entity.recordedAlone} levels={0} />
      <Copy text={JSON.stringify(span.entity.recorded, null, 2)} what="document" title="Copy as JSON" isJson />
    </Section>
  );
}
