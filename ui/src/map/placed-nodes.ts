import { useMemo } from 'preact/hooks';
import { latency, quantile, rateText, typeName, type MapNode } from './graph.ts';
import { labelsOf } from './labels.ts';
import type { PlacedNode } from './map-parts.tsx';
import { radiusOf, fitAt, type Frame } from './viewport.ts';

const NONE: ReadonlyMap<number, PlacedNode> = new Map();

/** Nodes with their labels, in map coordinates, for a scale that is not changing. */
export function usePlacedNodes(
  nodes: readonly MapNode[],
  frame: Frame | undefined,
  scale: number,
  minutes: number | undefined,
  first: number | undefined,
): ReadonlyMap<number, PlacedNode> {
  return useMemo(() => {
    if (frame === undefined || nodes.some(({ id }) => !frame.places.has(id))) return NONE;
    const placeOf = ({ id }: MapNode) => frame.places.get(id) ?? { x: 0, y: 0 };
    const total = ({ statistics }: MapNode): number => statistics?.TotalCount ?? 0;
    const order = nodes.toSorted(
      (a, b) =>
        Number(b.isClient) - Number(a.isClient) ||
        Number(b.id === first) - Number(a.id === first) ||
        total(b) - total(a),
    );
    const labels = labelsOf(
      order.map((node) => {
        const { x, y } = placeOf(node);
        const median = quantile(node.histogram, 0.5);
        const type = node.isClient
          ? minutes === undefined
            ? 'requests'
            : 'requests a minute'
          : typeName(node.service.Type);
        return {
          id: node.id,
          x: x * scale,
          y: y * scale,
          radius: radiusOf(node, frame, scale),
          name: node.name,
          under: [type, !node.isClient && median !== undefined ? latency(median) : '']
            .filter((part) => part !== '')
            .join(' · '),
          number: rateText(total(node), minutes),
        };
      }),
      fitAt(frame.fit, scale),
      { width: frame.width * scale, height: frame.height * scale },
    );
    return new Map(
      nodes.map((node) => {
        const { x, y } = placeOf(node);
        return [node.id, { node, x, y, radius: radiusOf(node, frame, scale) / scale, label: labels.get(node.id) }];
      }),
    );
  }, [nodes, frame, scale, minutes, first]);
}
