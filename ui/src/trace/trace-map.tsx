import { useEffect, useMemo } from 'preact/hooks';
import { readTraceGraph } from '../api.ts';
import { useRead } from '../use-read.ts';
import { mapOf } from '../map/graph.ts';
import { prepareLayout } from '../map/layout.ts';
import { MapView } from '../map/map-view.tsx';
import type { ViewProps } from './view.ts';

/** Who called whom in this trace. A click selects the service's first span. */
export function TraceMap({ state, model }: ViewProps) {
  const { value: graph, problem } = useRead(model.revision, async (stop) => readTraceGraph(state.id, stop));
  const map = useMemo(() => (graph === undefined ? undefined : mapOf(graph)), [graph]);
  useEffect(() => void prepareLayout(), []);
  if (map === undefined) return <p class="empty faint">{problem === '' ? 'Reading the map …' : problem}</p>;
  return (
    <MapView
      map={map}
      minutes={undefined}
      about="Numbers are requests in this trace"
      selectedIn={() => undefined}
      onSelect={(selection, shown) => {
        const node = shown.nodes.find(({ id }) => id === (selection?.to ?? selection?.node));
        const span = model.spans.find(({ name, kind }) => kind !== 'subsegment' && name === node?.service.Name);
        if (span !== undefined) {
          state.reveal(span);
          state.select(span);
        }
      }}
    />
  );
}
