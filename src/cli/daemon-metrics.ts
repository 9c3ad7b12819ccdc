import { directCall } from '../aws/direct-call.ts';
import { formatAddress, reachable, type Address } from '../pipeline/address.ts';

/** The metrics take about 20 KB. */
const MAX_BYTES = 4 * 1024 * 1024;
const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape of xrayd's /metrics. */
export class DaemonMetrics {
  readonly #samples = new Map<string, Sample[]>();

  /** Throws if the text is not that of xrayd. */
  constructor(text: string) {
    if (!DaemonMetrics.isIn(text)) throw new Error('these are not the metrics of xrayd');
    for (const line of text.split('\n')) {
      const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? [];
      if (name === '') continue;
      const pairs = [...labels.matchAll(LABEL)].map(([, key = '', written = '']) => [key, unescaped(written)] as const);
      const samples = this.#samples.get(name) ?? [];
      samples.push({ labels: Object.fromEntries(pairs), value: Number(value) });
      this.#samples.set(name, samples);
    }
  }

  /** Whether a text is metrics of xrayd. */
  static isIn(text: string): boolean {
    return /^xrayd_segments_received_total \d/m.test(text);
  }

  /** The sum of all samples of a metric; undefined if it has none. */
  sum(name: string): number | undefined {
    const samples = this.#samples.get(name);
    return samples?.reduce((sum, { value }) => sum + value, 0);
  }

  /** The sum of the samples with such labels. */
  sumOf(name: string, isWanted: (labels: Readonly<Record<string, string>>) => boolean): number {
    return (this.#samples.get(name) ?? []).reduce((sum, { labels, value }) => sum + (isWanted(labels) ? value : 0), 0);
  }

  /** Segments that wait: in memory, in calls to X-Ray, or on disk. */
  get waiting(): number {
    const names = ['xrayd_buffer_segments', 'xrayd_in_flight_segments', 'xrayd_spooled_segments'];
    return names.reduce((sum, name) => sum + (this.sum(name) ?? 0), 0);
  }

  /** The samples that are not 0, by a label. */
  by(name: string, label: string): readonly (readonly [string, number])[] {
    return (this.#samples.get(name) ?? [])
      .filter(({ value }) => value !== 0)
      .map(({ labels, value }) => [labels[label] ?? '', value] as const);
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

/** Asks the xrayd whose HTTP address this is. Rejects with the error. */
export async function scrape(address: Address, timeoutMs: number): Promise<DaemonMetrics> {
  const { status, text } = await readMetrics(formatAddress(reachable(address)), timeoutMs);
  if (status !== 200) throw new Error(`HTTP ${status}`);
  return new DaemonMetrics(text);
}

/** The answer of whatever listens at `host:port`. */
export function readMetrics(address: string, timeoutMs: number): Promise<{ status: number; text: string }> {
  return directCall(`http://${address}/metrics`, { timeoutMs, maxAnswerBytes: MAX_BYTES });
}
