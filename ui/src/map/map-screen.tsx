import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { readGraph } from '../api.ts';
import { list } from '../live.ts';
import { Rereading } from '../rereading.ts';
import { hrefTo, param, setParams } from '../route.ts';
import { searched } from '../search.ts';
import { addKeys } from '../shell/keys.ts';
import type { Graph, MapSelection } from './graph.ts';
import { MapPanel } from './map-panel.tsx';
import { MapView } from './map-view.tsx';

/** The map is read again this often at most. */
const READ_MS = 1_000;

/** Who calls whom, of the traces that match. */
export function MapScreen() {
  const graph = useSignal<Graph | undefined>(undefined);
  const problem = useSignal('');
  const query = searched.value;
  const minutes = minutesOf(graph.value);
  const read = async (signal: AbortSignal): Promise<void> => {
    try {
      graph.value = await readGraph(query, signal);
      problem.value = '';
    } catch (error) {
      if (!signal.aborted) problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  useEffect(() => {
    const stop = new AbortController();
    const reading = new Rereading(() => read(stop.signal), READ_MS);
    void reading.now();
    list.onChanged = () => reading.changed();
    return () => {
      stop.abort();
      reading.stop();
      list.onChanged = () => {};
    };
  }, [query]);
  const selection = selectionIn(graph.value);
  const select = (next: MapSelection | undefined): void => {
    const nameOf = (id: number | undefined): string => {
      const service = graph.value?.Services.find(({ ReferenceId }) => ReferenceId === id);
      return service === undefined ? '' : `${service.Name}|${service.Type ?? ''}`;
    };
    setParams({ node: nameOf(next?.node), callee: nameOf(next?.to) }, { isAside: true });
  };
  useLayoutEffect(() => addKeys('Service map', [{ keys: ['Escape'], does: 'close the panel', run: () => select(undefined) }]), []);
  if (graph.value === undefined) return <div class="empty faint">{problem.value === '' ? 'Reading the map …' : problem.value}</div>;
  if (graph.value.Services.length === 0) return <Empty />;
  return (
    <div class={selection === undefined ? 'map' : 'map with-side'}>
      <h1 class="unseen">Service map</h1>
      <MapView graph={graph.value} minutes={minutes} selected={selection} onSelect={select} />
      {selection !== undefined && <MapPanel graph={graph.value} selection={selection} minutes={minutes} onClose={() => select(undefined)} />}
    </div>
  );
}

/** The address names services: their numbers change. */
function selectionIn(graph: Graph | undefined): MapSelection | undefined {
  const idOf = (text: string): number | undefined => graph?.Services.find(({ Name, Type }) => `${Name}|${Type ?? ''}` === text)?.ReferenceId;
  const node = idOf(param('node'));
  if (node === undefined) return undefined;
  const to = param('callee') === '' ? undefined : idOf(param('callee'));
  return { node, to };
}

/** Minutes between the first and the last request, one at least. */
function minutesOf(graph: Graph | undefined): number | undefined {
  if (graph === undefined) return undefined;
  const starts = graph.Services.flatMap(({ StartTime }) => (StartTime === null ? [] : [StartTime]));
  const ends = graph.Services.flatMap(({ EndTime }) => (EndTime === null ? [] : [EndTime]));
  if (starts.length === 0) return undefined;
  return Math.max(1, (Math.max(...ends) - Math.min(...starts)) / 60);
}

function Empty() {
  return (
    <div class="empty">
      <h1>No service yet</h1>
      <p>
        The map is drawn from traces that are complete{searched.value.filter === '' ? '' : ' and match the filter'}. It appears with the first one.
      </p>
      <p class="buttons">
        <a class="button" href={hrefTo('/')}>
          Traces
        </a>
      </p>
    </div>
  );
}
