/** Input of the layout; sizes in px. */
export interface LayoutInput {
  readonly nodes: readonly { readonly id: number; readonly width: number; readonly height: number }[];
  /** Busiest first: with very many edges, the layout uses the busiest. */
  readonly edges: readonly { readonly from: number; readonly to: number }[];
}

export interface Layout {
  /** Centres by id. */
  readonly places: Readonly<Record<number, { readonly x: number; readonly y: number }>>;
  readonly width: number;
  readonly height: number;
}

let worker: Worker | undefined;
let asked = 0;
const waiting = new Map<number, (layout: Layout) => void>();

/** Starts the worker, while the graph is being read. */
export function prepareLayout(): Worker {
  if (worker === undefined) {
    worker = new Worker(new URL('layout-worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<{ id: number; layout: Layout }>) => {
      waiting.get(data.id)?.(data.layout);
      waiting.delete(data.id);
    });
  }
  return worker;
}

/** Lays out left to right, in a worker. */
export async function layout(input: LayoutInput): Promise<Layout> {
  const id = ++asked;
  const answer = new Promise<Layout>((resolve) => waiting.set(id, resolve));
  prepareLayout().postMessage({ id, input });
  return answer;
}
