import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { readTraceGraph } from '../api.ts';
import type { Graph } from '../map/graph.ts';
import { MapView } from '../map/map-view.tsx';
import type { TraceState } from './trace-state.ts';

/** Who called whom in this trace. A click selects the service's first span. */
export function TraceMap({ state }: { state: TraceState }) {
  const graph = useSignal<Graph | undefined>(undefined);
  const problem = useSignal('');
  const revision = state.model.value?.revision;
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
  if (graph.value === undefined) return <p class="empty faint">{problem.value === '' ? 'Reading the map …' : problem.value}</p>;
  const services = graph.value.Services;
  return (
    <MapView
      graph={graph.value}
      minutes={undefined}
      selected={undefined}
      onSelect={(selection) => {
        const service = services.find(({ ReferenceId }) => ReferenceId === (selection?.to ?? selection?.node));
        const span = state.model.peek()?.spans.find(({ name, kind }) => kind !== 'subsegment' && name === service?.Name);
        if (span !== undefined) {
          state.reveal(span);
          state.select(span);
        }
      }}
    />
  );
}
