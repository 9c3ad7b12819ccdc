import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { readTraceGraph } from '../api.ts';
import { mapOf, type Graph } from '../map/graph.ts';
import { prepareLayout } from '../map/layout.ts';
import { MapView } from '../map/map-view.tsx';
import type { ViewProps } from './view.ts';

/** Who called whom in this trace. A click selects the service's first span. */
export function TraceMap({ state, model }: ViewProps) {
  const graph = useSignal<Graph | undefined>(undefined);
  const problem = useSignal('');
  const { revision } = model;
  const map = useMemo(() => (graph.value === undefined ? undefined : mapOf(graph.value)), [graph.value]);
  useEffect(() => void prepareLayout(), []);
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      try {
        graph.value = await readTraceGraph(state.id, stop.signal);
      } catch (error) {
        if (!stop.signal.aborted) problem.value = error instanceof Error ? error.message : String(error);
      }
    })();
    return () => stop.abort();
  }, [revision]);
  if (map === undefined) return <p class="empty faint">{problem.value === '' ? 'Reading the map …' : problem.value}</p>;
  return (
    <MapView
      map={map}
      minutes={undefined}
      about="Numbers are requests in this trace"
      selected={undefined}
      onSelect={(selection) => {
        const node = map.nodes.find(({ id }) => id === (selection?.to ?? selection?.node));
        const span = model.spans.find(({ name, kind }) => kind !== 'subsegment' && name === node?.service.Name);
        if (span !== undefined) {
          state.reveal(span);
          state.select(span);
        }
      }}
    />
  );
}
