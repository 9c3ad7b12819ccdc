import type { ComponentChildren } from 'preact';
import type { Finding } from '../../../src/xray/api/page-types.ts';
import { httpOf } from '../../../src/xray/trace/http.ts';
import { linksOf } from '../../../src/xray/trace/links.ts';
import { isObject, member, numberOf, objectOf, textOf } from '../../../src/xray/trace/json.ts';
import { Copy } from '../copy.tsx';
import { count, duration, plural } from '../format.ts';
import { annotationCondition, quoted } from '../search.ts';
import { Value } from '../value.tsx';
import { Exception } from './exception.tsx';
import { JsonTree } from './json-tree.tsx';
import { selfSecondsOf, type Span, type TraceModel } from './model.ts';
import type { TraceState } from './trace-state.ts';

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** Name and value, when there is one. */
function Pair({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === null || children === '') return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

const WORDS = { ok: 'ok', error: 'error', throttle: 'throttled', fault: 'fault', live: 'in progress' } as const;

/** `tick` changes when the span has grown. */
export function Outcome({ span, model, onPath }: { span: Span; model: TraceModel; tick: number; onPath: string }) {
  const { outcome, entity } = span;
  const { status } = httpOf(entity);
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
              <Value condition={`http.status = ${status}`}>
                <span class={`badge ${outcome}`}>{status}</span>
              </Value>{' '}
              {words}
            </>
          )}
        </Pair>
        <Pair name="Start">+{duration(span.start)}</Pair>
        <Pair name="Duration">
          {span.isOpen ? (model.isLive ? `Still open after ${duration(span.end - span.start)}` : 'Never closed') : duration(span.end - span.start)}
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
            {span.shift !== 0 && `: shown ${duration(Math.abs(span.shift))} ${span.shift > 0 ? 'later' : 'earlier'} than recorded`}
          </Pair>
        )}
        <Pair name="User">
          {textOf(entity.json['user']) && <Value condition={`user = ${quoted(textOf(entity.json['user'])!)}`}>{textOf(entity.json['user'])}</Value>}
        </Pair>
      </dl>
    </Section>
  );
}

export function Exceptions({ span, model, state }: { span: Span; model: TraceModel; state: TraceState }) {
  const { cause } = span.entity.json;
  const own = isObject(cause) && Array.isArray(cause['exceptions']) ? cause['exceptions'].filter(isObject) : [];
  const referred = own.length === 0 && span.entity.causeId !== undefined ? holderOf(model, span.entity.causeId) : undefined;
  if (own.length === 0 && referred === undefined) return null;
  return (
    <Section title={own.length > 1 ? 'Exceptions' : 'Exception'}>
      {own.map((exception, i) => (
        <Exception key={i} exception={exception} entity={span.entity} />
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
  return model.spans.find(({ kind, entity }) => kind !== 'inferred' && entity.exceptions.some(({ id }) => id === exceptionId));
}

export function Request({ span }: { span: Span }) {
  const { method, url, userAgent, clientIp } = httpOf(span.entity);
  const length = numberOf(member(member(span.entity.json['http'], 'response'), 'content_length'));
  if (method === undefined && url === undefined && userAgent === undefined && clientIp === undefined) return null;
  return (
    <Section title="Request">
      <dl class="pairs">
        <Pair name="Method">{method && <Value condition={`http.method = ${quoted(method)}`}>{method}</Value>}</Pair>
        <Pair name="URL">
          {url && (
            <Value condition={`http.url = ${quoted(url)}`}>
              <span class="mono">{url}</span>
            </Value>
          )}
        </Pair>
        <Pair name="Client">{clientIp && <Value condition={`http.clientip = ${quoted(clientIp)}`}>{clientIp}</Value>}</Pair>
        <Pair name="User agent">{userAgent && <Value condition={`http.useragent = ${quoted(userAgent)}`}>{userAgent}</Value>}</Pair>
        <Pair name="Response">{length === undefined ? undefined : `${count(length)} bytes`}</Pair>
      </dl>
    </Section>
  );
}

export function Sql({ span }: { span: Span }) {
  const sql = span.entity.json['sql'];
  if (!isObject(sql)) return null;
  const { sanitized_query: query, ...others } = sql;
  return (
    <Section title="SQL">
      {typeof query === 'string' && (
        <div class="code">
          <pre class="mono" tabIndex={0}>
            {query}
          </pre>
          <Copy text={query} what="query" />
        </div>
      )}
      <Members of={others} />
    </Section>
  );
}

export function Aws({ span }: { span: Span }) {
  const { xray: _, ...members } = span.entity.aws;
  if (Object.keys(members).length === 0) return null;
  return (
    <Section title="AWS">
      <Members of={members} />
    </Section>
  );
}

/** Texts in a row each, what lies deeper as a tree. */
function Members({ of }: { of: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <dl class="pairs">
      {entries.map(([name, value]) => (
        <Pair key={name} name={name}>
          {isObject(value) || Array.isArray(value) ? <JsonTree value={value} /> : <span class="mono">{String(value)}</span>}
        </Pair>
      ))}
    </dl>
  );
}

export function Annotations({ span }: { span: Span }) {
  const entries = Object.entries(objectOf(span.entity.json['annotations']));
  if (entries.length === 0) return null;
  return (
    <Section title="Annotations">
      <dl class="pairs">
        {entries.map(([key, value]) => (
          <Pair key={key} name={key}>
            {isObject(value) || Array.isArray(value) ? (
              <JsonTree value={value} />
            ) : (
              <Value condition={annotationCondition(key, value)}>{String(value)}</Value>
            )}
          </Pair>
        ))}
      </dl>
    </Section>
  );
}

export function Metadata({ span }: { span: Span }) {
  const metadata = objectOf(span.entity.json['metadata']);
  if (Object.keys(metadata).length === 0) return null;
  const spaces = Object.entries(metadata);
  const only = spaces.length === 1 && spaces[0]![0] === 'default' ? spaces[0]![1] : metadata;
  return (
    <Section title="Metadata">
      <JsonTree value={only} levels={2} />
    </Section>
  );
}

export function Resources({ span }: { span: Span }) {
  const { json } = span.entity;
  const arn = textOf(json['resource_arn']);
  const origin = textOf(json['origin']);
  const service = objectOf(json['service']);
  if (span.kind !== 'segment' || (arn === undefined && origin === undefined && Object.keys(service).length === 0)) return null;
  return (
    <Section title="Resources">
      <dl class="pairs">
        <Pair name="Service">
          <Value condition={`service(${quoted(span.name)})`}>{span.name}</Value>
        </Pair>
        <Pair name="Type">{origin && <Value condition={`service(id(name: ${quoted(span.name)}, type: ${quoted(origin)}))`}>{origin}</Value>}</Pair>
        <Pair name="ARN">
          {arn && (
            <Value condition={`resource.arn = ${quoted(arn)}`}>
              <span class="mono">{arn}</span>
            </Value>
          )}
        </Pair>
        {Object.entries(service).map(([name, value]) => (
          <Pair key={name} name={name}>
            <JsonTree value={value} />
          </Pair>
        ))}
      </dl>
    </Section>
  );
}

export function Links({ span }: { span: Span }) {
  const links = linksOf(span.entity);
  if (links.length === 0) return null;
  return (
    <Section title="Linked traces">
      {links.map(({ traceId, id, isToReceiver, service }) => (
        <p key={`${traceId} ${id}`}>
          <span class="dim">
            {isToReceiver ? 'Sent to' : 'Received from'} {service?.name}
          </span>{' '}
          <a class="mono" href={`/traces/${traceId}`}>
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

export function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <>
      {findings.map(({ code, message, remedy }, i) => (
        <div key={`${code} ${i}`} class="finding">
          <b>{message.slice(0, 1).toUpperCase() + message.slice(1)}</b>
          <p class="dim">{remedy}</p>
        </div>
      ))}
    </>
  );
}

export function RawDocument({ span }: { span: Span }) {
  const { subsegments: _, ...own } = span.entity.json;
  return (
    <Section title={span.kind === 'segment' ? 'Document' : 'Subsegment'}>
      <JsonTree value={own} levels={0} />
      <Copy text={JSON.stringify(span.entity.json, null, 2)} what="document" title="Copy as JSON" />
    </Section>
  );
}
