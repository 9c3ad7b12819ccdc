import { Graph, layout as place, type GraphLabel, type NodeLabel } from '@dagrejs/dagre';
import type { Layout, LayoutInput } from './layout.ts';

const MANY_EDGES = 300;
/**
 * Beyond this, each service is placed by its busiest callers only: dagre takes 0.1 s for 400 calls of 300 services, and
 * a second for 3,000.
 */
const MAX_FOLLOWED_EDGES = 600;

addEventListener('message', ({ data }: MessageEvent<{ id: number; input: LayoutInput }>) => {
  postMessage({ id: data.id, layout: layoutOf(data.input) });
});

function layoutOf({ nodes, edges }: LayoutInput): Layout {
  const graph = new Graph<GraphLabel, NodeLabel>();
  // For 300 services with 3,000 edges, the best ranking takes half a minute, a good one a second.
  const ranker = edges.length > MANY_EDGES ? 'tight-tree' : 'network-simplex';
  graph.setGraph({ rankdir: 'LR', ranker, nodesep: 20, edgesep: 4, ranksep: 90, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(String(id), { width, height });
  for (const { from, to } of followed(edges)) graph.setEdge(String(from), String(to));
  place(graph);
  const places = Object.fromEntries(
    nodes.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(String(id));
      return [id, { x, y }];
    }),
  );
  const { width = 0, height = 0 } = graph.graph();
  return { places, width, height };
}

function followed(edges: LayoutInput['edges']): LayoutInput['edges'] {
  const others = edges.filter(({ from, to }) => from !== to);
  if (others.length <= MAX_FOLLOWED_EDGES) return others;
  const reached = new Set<number>();
  const first = others.filter(({ to }) => !reached.has(to) && reached.add(to) !== undefined);
  return [...first, ...others].slice(0, Math.max(MAX_FOLLOWED_EDGES, first.length));
}
