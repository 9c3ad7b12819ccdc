import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import { readGraph, type Query, messageOf } from '../api.ts';
import { absoluteSecond, duration } from '../format.ts';
import { useLatest } from '../hooks.ts';
import { list } from '../live.ts';
import { Rereading } from '../rereading.ts';
import { hrefTo, param, setParams, LIST } from '../route.ts';
import { isPart, searched } from '../search.ts';
import { addKeys } from '../shell/keys.ts';
import { nowSeconds } from '../wall-clock.ts';
import { mapOf, type Graph, type MapNode, type MapSelection, type ServiceMap } from './graph.ts';
import { prepareLayout } from './layout.ts';
import { Unsearched } from '../query/unsearched.tsx';
import { AllTime, ClearFilter } from '../query/widen.tsx';
import { MapPanel } from './map-panel.tsx';
import { MapView } from './map-view.tsx';

/** If reading takes longer than this, a map of the newest traces is drawn first. */
const FIRST_MS = 300;
/** Minimum interval between readings of the map. */
const READ_MS = 1_000;

/** Who calls whom, of the traces that match. */
export function MapScreen() {
  const graph = useSignal<Graph | undefined>(undefined);
  const problem = useSignal('');
  const query = searched.value;
  const map = useMemo(() => (graph.value === undefined ? undefined : mapOf(graph.value)), [graph.value]);
  const { minutes, about } = measureOf(graph.value, query ?? {});
  const read = useLatest(async (signal: AbortSignal): Promise<void> => {
    if (query === undefined) return;
    try {
      const first = graph.value === undefined ? await readGraph(query, signal, FIRST_MS) : undefined;
      // A partial answer without services is not conclusive.
      if (first !== undefined && (first.IsPartial !== true || first.Services.length > 0)) graph.value = first;
      if (first === undefined || first.IsPartial === true) graph.value = await readGraph(query, signal);
      problem.value = '';
    } catch (error) {
      if (!signal.aborted) problem.value = messageOf(error);
    }
  });
  useEffect(() => void prepareLayout(), []);
  useEffect(() => {
    const stop = new AbortController();
    const reading = new Rereading(() => read(stop.signal), READ_MS);
    void reading.now();
    const unfollow = list.onChanged.add(() => reading.changed());
    return () => {
      unfollow();
      stop.abort();
      reading.stop();
    };
  }, [query, read]);
  const selection = map === undefined ? undefined : selectionIn(map);
  const hasPanel = selection !== undefined;
  useLayoutEffect(
    () =>
      hasPanel
        ? addKeys('Panel of the map', [{ keys: ['Escape'], does: 'close the panel', run: unselect }])
        : undefined,
    [hasPanel],
  );
  if (query === undefined)
    return (
      <>
        <Title />
        <Unsearched />
      </>
    );
  if (map === undefined) return <Unread problem={problem.value} />;
  if (map.nodes.length === 0) return <Empty />;
  return (
    <div class={selection === undefined ? 'map' : 'map with-side'}>
      <Title />
      <MapView
        map={map}
        minutes={minutes}
        about={graph.value?.IsPartial === true ? `${about}, of the newest traces so far` : about}
        selectedIn={selectionIn}
        onSelect={select}
      />
      {selection !== undefined && (
        <MapPanel map={map} selection={selection} minutes={minutes} onSelect={(next) => select(next, map)} />
      )}
    </div>
  );
}

/** The address has the names of services, because their reference IDs change. */
function selectionIn({ nodes }: ServiceMap): MapSelection | undefined {
  const idOf = (text: string): number | undefined => nodes.find((node) => addressOf(node) === text)?.id;
  const node = idOf(param('node'));
  if (node === undefined) return undefined;
  const to = param('callee') === '' ? undefined : idOf(param('callee'));
  return { node, to };
}

function addressOf({ service: { Name, Type } }: MapNode): string {
  return `${Name}|${Type ?? ''}`;
}

/** The selection has the reference IDs of `map`. */
function select(selection: MapSelection | undefined, { nodes }: ServiceMap): void {
  const textOf = (id: number | undefined): string => {
    const found = id === undefined ? undefined : nodes.find((node) => node.id === id);
    return found === undefined ? '' : addressOf(found);
  };
  setParams({ node: textOf(selection?.node), callee: textOf(selection?.to) }, { isAside: true });
}

function unselect(): void {
  setParams({ node: '', callee: '' }, { isAside: true });
}

/** For a shorter time, a rate per minute would be an extrapolation. Seconds. */
const MIN_SECONDS = 60;

/**
 * The unit of the numbers: requests per minute over the searched time or the start times of the traces. For a short
 * time, and for less than one request a minute, counts.
 */
function measureOf(
  graph: Graph | undefined,
  { from, to }: Pick<Query, 'from' | 'to'>,
): { minutes: number | undefined; about: string } {
  const starts = (graph?.Services ?? []).flatMap(({ StartTime }) => StartTime ?? []);
  const ends = (graph?.Services ?? []).flatMap(({ EndTime }) => EndTime ?? []);
  const first = from ?? starts.reduce((least, each) => Math.min(least, each), Infinity);
  const last = to ?? (from === undefined ? ends.reduce((most, each) => Math.max(most, each), -Infinity) : nowSeconds());
  const seconds = last - first;
  if (!(seconds > 0 && Number.isFinite(seconds))) return { minutes: undefined, about: 'Numbers are requests' };
  const range = `${absoluteSecond(first)} to ${absoluteSecond(last)}`;
  const most = (graph?.Services ?? []).reduce((all, each) => Math.max(all, each.SummaryStatistics?.TotalCount ?? 0), 0);
  if (seconds < MIN_SECONDS || most < seconds / 60)
    return { minutes: undefined, about: `Numbers are requests, ${range}` };
  return { minutes: seconds / 60, about: `Numbers are requests a minute, of the ${duration(seconds)} from ${range}` };
}

/** The heading of every state of the screen, except one with its own title. */
function Title() {
  return <h1 class="unseen">Service map</h1>;
}

/** Shown until the map is read, or with the reason why it could not be read. */
function Unread({ problem }: { problem: string }) {
  return (
    <div class="empty faint">
      <Title />
      <p>{problem === '' ? 'Reading the map …' : problem}</p>
    </div>
  );
}

function Empty() {
  return (
    <div class="empty">
      <h1>{isPart.value ? 'No service to show' : 'No services yet'}</h1>
      <p>
        {isPart.value ? 'No complete trace matches the search' : 'The map is drawn from traces that are complete'}. It
        appears with the first such trace.
      </p>
      <p class="buttons">
        <AllTime />
        <ClearFilter />
        <a class="button" href={hrefTo(LIST)}>
          Traces
        </a>
        {!isPart.value && (
          <a class="button" href={hrefTo('/connect')}>
            Connect an application
          </a>
        )}
      </p>
    </div>
  );
}
