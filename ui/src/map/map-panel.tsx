import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { count, duration, percent, shortName } from '../format.ts';
import { go } from '../route.ts';
import { quoted, withCondition } from '../search.ts';
import {
  OUTCOMES,
  quantile,
  sharesOf,
  typeName,
  type Graph,
  type GraphService,
  type HistogramEntry,
  type MapSelection,
  type Statistics,
} from './graph.ts';
import { latency, rateText } from './map-parts.tsx';

export interface MapPanelProps {
  readonly graph: Graph;
  readonly selection: MapSelection;
  readonly minutes: number | undefined;
  readonly onClose: () => void;
}

/** A node, or an edge: how many, how long, how they ended; and from there to the traces. */
export function MapPanel({ graph, selection, minutes, onClose }: MapPanelProps) {
  const service = graph.Services.find(({ ReferenceId }) => ReferenceId === selection.node);
  const other = graph.Services.find(({ ReferenceId }) => ReferenceId === selection.to);
  const edge = selection.to === undefined ? undefined : service?.Edges.find(({ ReferenceId }) => ReferenceId === selection.to);
  if (service === undefined || (selection.to !== undefined && (edge === undefined || other === undefined))) return null;
  const isEdge = edge !== undefined;
  const statistics = isEdge ? edge.SummaryStatistics : service.SummaryStatistics;
  const histogram = isEdge ? edge.ResponseTimeHistogram : service.ResponseTimeHistogram;
  const condition = isEdge ? edgeCondition(service, other!) : serviceCondition(service);
  const open = (body: string): void => {
    const whole = body === '' ? condition : `${condition} { ${body} }`;
    go(`/?q=${encodeURIComponent(withCondition('', whole, false))}`);
  };
  return (
    <aside class="side" aria-label={isEdge ? 'The selected call' : 'The selected service'} tabIndex={0}>
      <div class="side-head">
        <h2>{isEdge ? `${nameOf(service)} → ${nameOf(other!)}` : nameOf(service)}</h2>
        <button type="button" class="quiet" aria-label="Close the panel" onClick={onClose}>
          ×
        </button>
      </div>
      <p class="dim">
        {isEdge ? (edge.EdgeType === 'link' ? 'Sent, and received later' : 'As the caller saw it') : typeName(service.Type) || 'Service'}
      </p>
      <Figures statistics={statistics} histogram={histogram} minutes={minutes} onOutcome={open} />
      <LatencyHistogram
        key={`${selection.node} ${selection.to}`}
        histogram={histogram ?? []}
        onRange={(from, to) => open(`responsetime >= ${from} AND responsetime <= ${to}`)}
      />
      <p class="buttons">
        <button type="button" class="button" onClick={() => open('')}>
          Traces
        </button>
        <button type="button" class="button" onClick={() => open('fault')}>
          With faults
        </button>
      </p>
    </aside>
  );
}

function nameOf({ Name, Type }: GraphService): string {
  return Type === 'client' ? `Client of ${Name}` : shortName(Name);
}

function serviceCondition(service: GraphService): string {
  return `service(${idOf(service)})`;
}

function edgeCondition(from: GraphService, to: GraphService): string {
  return `edge(${idOf(from)}, ${idOf(to)})`;
}

function idOf({ Name, Type }: GraphService): string {
  return Type === null || Type === '' ? quoted(Name) : `id(name: ${quoted(Name)}, type: ${quoted(Type)})`;
}

function Figures({
  statistics,
  histogram,
  minutes,
  onOutcome,
}: {
  statistics: Statistics | null;
  histogram: readonly HistogramEntry[] | null;
  minutes: number | undefined;
  onOutcome: (body: string) => void;
}) {
  const shares = sharesOf(statistics);
  const total = statistics?.TotalCount ?? 0;
  return (
    <section>
      <h3>Requests</h3>
      <dl class="pairs">
        <dt>Number</dt>
        <dd>
          {count(total)} {minutes !== undefined && <span class="faint">{rateText(total, minutes)} a minute</span>}
        </dd>
        {OUTCOMES.filter((outcome) => shares[outcome] > 0).map((outcome) => (
          <>
            <dt key={`${outcome} name`}>
              <span class={`badge ${outcome}`}>{outcome}</span>
            </dt>
            <dd key={outcome}>
              <button type="button" class="value" title={`Search traces with ${outcome}`} onClick={() => onOutcome(outcome)}>
                {count(shares[outcome])}
              </button>{' '}
              <span class="faint">{percent(shares[outcome] / total)}</span>
            </dd>
          </>
        ))}
        {[0.5, 0.95, 0.99].map((share) => {
          const seconds = quantile(histogram, share);
          if (seconds === undefined) return null;
          return (
            <>
              <dt key={`${share} name`}>p{share * 100}</dt>
              <dd key={share}>{latency(seconds)}</dd>
            </>
          );
        })}
      </dl>
    </section>
  );
}

const BINS = 24;

/** How many took how long. A range of it, dragged, leads to the traces in it. */
function LatencyHistogram({ histogram, onRange }: { histogram: readonly HistogramEntry[]; onRange: (from: number, to: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const range = useSignal<{ from: number; to: number } | undefined>(undefined);
  const start = useRef<number>(undefined);
  const values = histogram.filter(({ Count }) => Count > 0);
  if (values.length === 0) return null;
  const low = Math.log10(Math.max(0.0005, Math.min(...values.map(({ Value }) => Value))));
  const high = Math.max(Math.log10(Math.max(...values.map(({ Value }) => Value), 0.001)), low + 0.3);
  const bins = Array.from({ length: BINS }, () => 0);
  for (const { Value, Count } of values) {
    const at = Math.floor(((Math.log10(Math.max(0.0005, Value)) - low) / (high - low)) * BINS);
    bins[Math.max(0, Math.min(BINS - 1, at))]! += Count;
  }
  const most = Math.max(...bins);
  const secondsAt = (share: number): number => 10 ** (low + share * (high - low));
  const shareAt = (event: PointerEvent): number => {
    const { left, width } = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width));
  };
  return (
    <section>
      <h3>Response time</h3>
      <div
        class="bins"
        ref={box}
        role="img"
        aria-label={`Response times from ${duration(secondsAt(0))} to ${duration(secondsAt(1))}; drag over a range for its traces`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = shareAt(event);
        }}
        onPointerMove={(event) => {
          if (start.current === undefined) return;
          const at = shareAt(event);
          // Whole bars: what one sees is what one gets.
          const [from, to] = [Math.min(start.current, at), Math.max(start.current, at)];
          range.value = { from: Math.floor(from * BINS) / BINS, to: Math.ceil(to * BINS) / BINS };
        }}
        onPointerUp={() => {
          start.current = undefined;
        }}
      >
        {bins.map((value, i) => (
          <i key={i} style={{ height: `${value === 0 ? 0 : Math.max(3, (value / most) * 100)}%` }} />
        ))}
        {range.value !== undefined && (
          <div class="brush" style={{ left: `${range.value.from * 100}%`, width: `${(range.value.to - range.value.from) * 100}%` }} />
        )}
      </div>
      <div class="bins-scale faint">
        <span>{duration(secondsAt(0))}</span>
        <span>{duration(secondsAt(1))}</span>
      </div>
      {range.value !== undefined && (
        <p>
          <button type="button" class="button" onClick={() => onRange(below(secondsAt(range.value!.from)), above(secondsAt(range.value!.to)))}>
            Traces of {duration(secondsAt(range.value.from))} to {duration(secondsAt(range.value.to))}
          </button>
        </p>
      )}
    </section>
  );
}

/** X-Ray's histograms are in whole milliseconds: what was rounded to one belongs to it. */
const HALF_MS = 0.0005;

function below(seconds: number): number {
  return Math.max(0, Math.floor((seconds - HALF_MS) * 10_000) / 10_000);
}

function above(seconds: number): number {
  return Math.ceil((seconds + HALF_MS) * 10_000) / 10_000;
}
