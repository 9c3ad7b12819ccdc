/** What the layout needs of a map; sizes in px. */
export interface LayoutInput {
  readonly nodes: readonly { readonly id: number; readonly width: number; readonly height: number }[];
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

/** Left to right, off the main thread. */
export async function layout(input: LayoutInput): Promise<Layout> {
  if (worker === undefined) {
    worker = new Worker(new URL('layout-worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<{ id: number; layout: Layout }>) => {
      waiting.get(data.id)?.(data.layout);
      waiting.delete(data.id);
    });
  }
  const id = ++asked;
  const answer = new Promise<Layout>((resolve) => waiting.set(id, resolve));
  worker.postMessage({ id, input });
  return answer;
}
