import type { ComponentState } from '../pipeline/component.ts';
import type { Exporter, ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
import type { Batch } from '../pipeline/segment.ts';
import { formatLine, formatOtlpLine } from './console-line.ts';
import { summarize } from './document.ts';

/** AWS Distro for OpenTelemetry sends spans (T1S sampled, T1U not) and metrics (M1) over the same port, in base64. */
const OTLP_BODY = /^(T1S|T1U|M1)([A-Za-z0-9+/=]*)$/;

export interface ConsoleExporterDeps {
  readonly write: (line: string) => void;
  readonly hasColor: boolean;
  readonly onCall: (outcome: string, seconds: number) => void;
}

/** Where the local X-Ray's documents go: a line each, for a person. What is no document is refused as X-Ray does. */
export class ConsoleExporter implements Exporter {
  readonly name = 'exporter';
  readonly #deps: ConsoleExporterDeps;
  #lastSuccessMs = 0;

  constructor(deps: ConsoleExporterDeps) {
    this.#deps = deps;
  }

  get state(): ComponentState {
    return { name: this.name, state: 'ok', reason: 'console' };
  }

  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async send(batch: Batch): Promise<ExportResult> {
    const startedMs = performance.now();
    const refused: RefusedDocument[] = [];
    for (const [position, { chunk, start, end, arrivedAtMs }] of batch.entries()) {
      const line = this.#lineOf(chunk.toString('utf8', start, end), arrivedAtMs);
      if (line === undefined) refused.push({ position, code: 'ParseError', isRetryable: false });
      else this.#deps.write(line);
    }
    this.#lastSuccessMs = Date.now();
    const result: ExportResult = refused.length === 0 ? { kind: 'sent' } : { kind: 'partial', refused };
    this.#deps.onCall(result.kind, (performance.now() - startedMs) / 1000);
    return result;
  }

  #lineOf(text: string, arrivedAtMs: number): string | undefined {
    const otlp = OTLP_BODY.exec(text);
    if (otlp !== null) return formatOtlpLine(otlp[1] ?? '', Math.floor(((otlp[2] ?? '').length * 3) / 4), arrivedAtMs, this.#deps.hasColor);
    const summary = summarize(text);
    return summary === undefined ? undefined : formatLine(summary, arrivedAtMs, this.#deps.hasColor);
  }
}
