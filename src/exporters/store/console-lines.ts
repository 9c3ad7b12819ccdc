import { formatLine, formatOtlpLine } from './console-line.ts';
import { summarize, summaryOfDocument } from '../../formats/xray/document.ts';
import { readOtlpDocument } from '../../formats/otlp/document.ts';
import type { FormatName } from '../../trace/model.ts';
import { isRefusal } from '../../trace/refusal.ts';
import { otlpKindOf } from '../../formats/otlp/otlp-body.ts';
import { afterEvery } from '../../pipeline/collector.ts';

/** Nobody reads more, and writing more would slow down storing. */
const LINES_A_SECOND = 50;
/**
 * Bytes of documents after which garbage is reported: a parsed document can take ten times its text, and V8 lets that
 * grow beyond a memory limit.
 */
const GARBAGE_BYTES = 512 * 1024;

export interface ConsoleLinesDeps {
  /** Writes to the console. */
  readonly write: (line: string) => void;
  readonly hasColor: boolean;
  readonly nowMs: () => number;
  /** Called when lines have left some megabytes of garbage. */
  readonly onGarbage?: () => void;
}

/** Prints a line for each document; if there are too many, the number of those left out. */
export class ConsoleLines {
  readonly #deps: ConsoleLinesDeps;
  #second = 0;
  #lines = 0;
  readonly #noteGarbage: (bytes: number) => void;

  constructor(deps: ConsoleLinesDeps) {
    this.#deps = deps;
    this.#noteGarbage = afterEvery(GARBAGE_BYTES, deps.onGarbage ?? (() => {}));
  }

  write(document: Uint8Array, arrivedAtMs: number, format: FormatName = 'xray', isSampled = true): void {
    const second = Math.floor(this.#deps.nowMs() / 1000);
    if (second !== this.#second) {
      if (this.#lines > LINES_A_SECOND) this.#deps.write(`… and ${this.#lines - LINES_A_SECOND} more segments\n`);
      this.#second = second;
      this.#lines = 0;
    }
    if (++this.#lines > LINES_A_SECOND) return;
    const line = this.#lineOf(document, arrivedAtMs, format, isSampled);
    if (line !== undefined) this.#deps.write(line);
    this.#noteGarbage(document.length);
  }

  #lineOf(document: Uint8Array, arrivedAtMs: number, format: FormatName, isSampled: boolean): string | undefined {
    const { hasColor } = this.#deps;
    if (format === 'otlp') {
      const read = readOtlpDocument(textOf(document));
      const summary = isRefusal(read) ? undefined : summaryOfDocument(read);
      return summary === undefined ? undefined : formatLine(summary, arrivedAtMs, hasColor, isSampled);
    }
    const kind = otlpKindOf(document);
    if (kind !== undefined)
      return formatOtlpLine(kind, Math.floor(((document.length - kind.length) * 3) / 4), arrivedAtMs, hasColor);
    const summary = summarize(textOf(document));
    return summary === undefined ? undefined : formatLine(summary, arrivedAtMs, hasColor);
  }
}

function textOf(document: Uint8Array): string {
  return Buffer.from(document.buffer, document.byteOffset, document.byteLength).toString('utf8');
}
