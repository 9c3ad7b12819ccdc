import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ordered, useDrag } from '../drag.ts';
import { count, duration, percent } from '../format.ts';
import { go, hrefTo, LIST } from '../route.ts';
import { expression, quoted, withCondition } from '../search.ts';
import { Side } from '../shell/side.tsx';
import {
  latency,
  OUTCOMES,
  quantile,
  rateText,
  sharesOf,
  typeName,
  type GraphService,
  type HistogramEntry,
  type MapEdge,
  type MapNode,
  type MapSelection,
  type ServiceMap,
  type Statistics,
} from './graph.ts';

export interface MapPanelProps {
  readonly map: ServiceMap;
  readonly selection: MapSelection;
  readonly minutes: number | undefined;
  readonly onSelect: (selection: MapSelection | undefined) => void;
}

/** Figures of a node or an edge, with links to the traces. */
export function MapPanel({ map, selection, minutes, onSelect }: MapPanelProps) {
  const node = map.nodes.find(({ id }) => id === selection.node);
  const edge = map.edges.find(({ from, to }) => from.id === selection.node && to.id === selection.to);
  if (node === undefined || (selection.to !== undefined && edge === undefined)) return null;
  const statistics = edge === undefined ? node.statistics : edge.edge.SummaryStatistics;
  const histogram = edge === undefined ? node.histogram : edge.edge.ResponseTimeHistogram;
  const isFromLog = (edge === undefined ? [node] : [edge.from, edge.to]).some(
    ({ service }) => service.FromAccessLog === true,
  );
  // No span has a load balancer, so expressions do not find it.
  const open = isFromLog ? undefined : (body: string): void => go(hrefTo(LIST, { q: searchOf(node, edge, body) }));
  return (
    <Side
      label={edge === undefined ? 'The selected service' : 'The selected call'}
      title={edge === undefined ? node.name : `${edge.from.name} → ${edge.to.name}`}
      onClose={() => onSelect(undefined)}
    >
      <p class="dim">{aboutOf(node, edge)}</p>
      {isFromLog && <p>A load balancer, taken from access logs, not from spans: filter expressions do not find it.</p>}
      <Figures statistics={statistics} histogram={histogram} minutes={minutes} onOpen={open} />
      {open !== undefined && (
        <LatencyHistogram
          key={`${selection.node} ${selection.to}`}
          histogram={histogram ?? []}
          onRange={(from, to) => open(`responsetime >= ${from} AND responsetime <= ${to}`)}
        />
      )}
      {edge === undefined && (
        <>
          <Calls
            title="Calls"
            edges={map.edges.filter(({ from }) => from === node)}
            other={({ to }) => to}
            onSelect={onSelect}
          />
          <Calls
            title="Called by"
            edges={map.edges.filter(({ to }) => to === node)}
            other={({ from }) => from}
            onSelect={onSelect}
          />
        </>
      )}
      {open !== undefined && (
        <p class="buttons">
          <button type="button" class="button" onClick={() => open('')}>
            Traces
          </button>
          {sharesOf(statistics).fault > 0 && (
            <button type="button" class="button" onClick={() => open('fault')}>
              With faults
            </button>
          )}
        </p>
      )}
    </Side>
  );
}

function aboutOf({ isClient, service }: MapNode, edge: MapEdge | undefined): string {
  if (edge !== undefined) return edge.isAsync ? 'Asynchronous: sent now, received later' : 'As the caller saw it';
  return isClient ? 'All callers from outside' : typeName(service.Type) || 'Service';
}

/** The current search, narrowed to the node or edge with the condition `body`. Every trace has a client. */
function searchOf({ isClient, service }: MapNode, edge: MapEdge | undefined, body: string): string {
  const scope =
    edge !== undefined
      ? `edge(${idOf(edge.caller)}, ${idOf(edge.to.service)})`
      : isClient
        ? undefined
        : `service(${idOf(service)})`;
  const condition = scope === undefined ? body : body === '' ? scope : `${scope} { ${body} }`;
  return condition === '' ? expression.peek() : withCondition(expression.peek(), condition, false);
}

function idOf({ Name, Type }: GraphService): string {
  return Type === null || Type === '' ? quoted(Name) : `id(name: ${quoted(Name)}, type: ${quoted(Type)})`;
}

/** The same calls that the map draws as lines. */
function Calls({
  title,
  edges,
  other,
  onSelect,
}: {
  title: string;
  edges: readonly MapEdge[];
  other: (edge: MapEdge) => MapNode;
  onSelect: (selection: MapSelection) => void;
}) {
  if (edges.length === 0) return null;
  const total = ({ edge }: MapEdge): number => edge.SummaryStatistics?.TotalCount ?? 0;
  return (
    <section>
      <h3>{title}</h3>
      <table class="calls" aria-label={title}>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Requests</th>
            <th scope="col">Failed</th>
            <th scope="col">p50</th>
          </tr>
        </thead>
        <tbody>
          {edges
            .toSorted((a, b) => total(b) - total(a))
            .map((each) => {
              const { SummaryStatistics, ResponseTimeHistogram } = each.edge;
              const median = quantile(ResponseTimeHistogram, 0.5);
              return (
                <tr key={each.key}>
                  <td>
                    <button
                      type="button"
                      class="value"
                      onClick={() => onSelect({ node: each.from.id, to: each.to.id })}
                    >
                      {other(each).name}
                    </button>
                  </td>
                  <td>{count(total(each))}</td>
                  <td>{count(total(each) - (SummaryStatistics?.OkCount ?? 0))}</td>
                  <td>{median === undefined ? '–' : latency(median)}</td>
                </tr>
              );
            })}
        </tbody>
      </table>
    </section>
  );
}

function Figures({
  statistics,
  histogram,
  minutes,
  onOpen,
}: {
  statistics: Statistics | null;
  histogram: readonly HistogramEntry[] | null;
  minutes: number | undefined;
  /** undefined where expressions find nothing. */
  onOpen: ((body: string) => void) | undefined;
}) {
  const shares = sharesOf(statistics);
  const total = statistics?.TotalCount ?? 0;
  return (
    <section>
      <h3>Requests</h3>
      <dl class="pairs">
        <dt>Number</dt>
        <dd>
          {count(total)}
          {minutes !== undefined && <span class="faint"> · {rateText(total, minutes)} a minute</span>}
        </dd>
        {OUTCOMES.filter((outcome) => shares[outcome] > 0).map((outcome) => (
          <>
            <dt key={`${outcome} name`}>
              <span class={`badge ${outcome}`}>{outcome}</span>
            </dt>
            <dd key={outcome}>
              <Figure title={`Search traces with ${outcome}`} body={outcome} onOpen={onOpen}>
                {count(shares[outcome])}
              </Figure>
              <span class="faint"> · {percent(shares[outcome] / total)}</span>
            </dd>
          </>
        ))}
        {[0.5, 0.95, 0.99].map((share) => {
          const seconds = quantile(histogram, share);
          if (seconds === undefined) return null;
          return (
            <>
              <dt key={`${share} name`}>p{share * 100}</dt>
              <dd key={share}>
                <Figure
                  title={`Search those that took ${latency(seconds)} or longer`}
                  body={`responsetime >= ${below(seconds)}`}
                  onOpen={onOpen}
                >
                  {latency(seconds)}
                </Figure>
              </dd>
            </>
          );
        })}
      </dl>
    </section>
  );
}

/** A figure that searches its traces. */
function Figure({
  title,
  body,
  onOpen,
  children,
}: {
  title: string;
  body: string;
  onOpen: ((body: string) => void) | undefined;
  children: ComponentChildren;
}) {
  if (onOpen === undefined) return <>{children}</>;
  return (
    <button type="button" class="value" title={title} onClick={() => onOpen(body)}>
      {children}
    </button>
  );
}

const BINS = 24;

/** Of the width, 0–1. */
function shareOf(x: number, width: number): number {
  return Math.max(0, Math.min(1, x / width));
}

/** Response time histogram. Dragging a range offers the traces in it. */
function LatencyHistogram({
  histogram,
  onRange,
}: {
  histogram: readonly HistogramEntry[];
  onRange: (from: number, to: number) => void;
}) {
  const range = useSignal<{ from: number; to: number } | undefined>(undefined);
  const handlers = useDrag({
    onDrag: ({ from, to, width }) => {
      // Selects whole bars.
      const [first, last] = ordered(shareOf(from.x, width), shareOf(to.x, width));
      range.value = { from: Math.floor(first * BINS) / BINS, to: Math.ceil(last * BINS) / BINS };
    },
  });
  const values = histogram.filter(({ Count }) => Count > 0);
  if (values.length === 0) return null;
  const low = Math.log10(Math.max(0.0005, Math.min(...values.map(({ Value }) => Value))));
  const high = Math.max(Math.log10(Math.max(...values.map(({ Value }) => Value), 0.001)), low + 0.3);
  const binOf = (seconds: number): number => {
    const at = Math.floor(((Math.log10(Math.max(0.0005, seconds)) - low) / (high - low)) * BINS);
    return Math.max(0, Math.min(BINS - 1, at));
  };
  const bins = Array.from({ length: BINS }, () => 0);
  for (const { Value, Count } of values) bins[binOf(Value)] = (bins[binOf(Value)] ?? 0) + Count;
  const selected = range.value;
  const most = Math.max(...bins);
  const secondsAt = (share: number): number => 10 ** (low + share * (high - low));
  return (
    <section>
      <h3>Response time</h3>
      <figure
        class="bins"
        aria-label={`Response times from ${duration(secondsAt(0))} to ${duration(secondsAt(1))}; drag over a range for its traces`}
        {...handlers}
      >
        {bins.map((value, i) => (
          <i key={i} style={{ height: `${value === 0 ? 0 : Math.max(3, (value / most) * 100)}%` }} />
        ))}
        {range.value !== undefined && (
          <div
            class="brush"
            style={{ left: `${range.value.from * 100}%`, width: `${(range.value.to - range.value.from) * 100}%` }}
          />
        )}
      </figure>
      <div class="bins-scale faint">
        <span>{duration(secondsAt(0))}</span>
        <span>{duration(secondsAt(1))}</span>
      </div>
      {selected !== undefined && (
        <p>
          <button
            type="button"
            class="button"
            onClick={() => onRange(below(secondsAt(selected.from)), above(secondsAt(selected.to)))}
          >
            Traces of {duration(secondsAt(selected.from))} to {duration(secondsAt(selected.to))}
          </button>
        </p>
      )}
    </section>
  );
}

/** X-Ray's histograms are rounded to whole milliseconds, so a range includes half a millisecond on both sides. */
const HALF_MS = 0.0005;

function below(seconds: number): number {
  return Math.max(0, Math.floor((seconds - HALF_MS) * 10_000) / 10_000);
}

function above(seconds: number): number {
  return Math.ceil((seconds + HALF_MS) * 10_000) / 10_000;
}
