import type { LogFields } from '../pipeline/logger.ts';
import { oneLine, printable } from '../pipeline/one-line.ts';

/** Limit of one text; a stack trace has about 2,000 characters. */
const MAX_TEXT = 4_000;
const MAX_ITEMS = 50;
const MAX_DEPTH = 3;
/** Limit of all fields of a line together. */
const MAX_LINE = 16_000;

/** The message of a line. Text from outside may have any length and content. */
export function boundedMessage(message: string): string {
  return oneLine(message, MAX_TEXT);
}

/**
 * The fields of a line, cut to a reasonable length. JSON escapes ASCII control characters; other unprintable characters
 * are escaped here.
 */
export function boundedFields(fields: LogFields): LogFields {
  return new Bounds().object(fields, 0);
}

class Bounds {
  #left = MAX_LINE;

  object(fields: object, depth: number): LogFields {
    const bounded: Record<string, unknown> = {};
    let items = 0;
    for (const [key, value] of Object.entries(fields)) {
      if (items++ === MAX_ITEMS || this.#left <= 0) {
        bounded['more'] = Object.keys(fields).length - items + 1;
        break;
      }
      bounded[this.#text(key)] = this.#value(value, depth + 1);
    }
    return bounded;
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Error) return this.#text(value.stack ?? value.message);
    if (depth > MAX_DEPTH) return '…';
    if (!Array.isArray(value)) return this.object(value, depth);
    const items: unknown[] = [];
    for (const item of value as unknown[]) {
      if (items.length === MAX_ITEMS || this.#left <= 0) return [...items, `… ${value.length - items.length} more`];
      items.push(this.#value(item, depth + 1));
    }
    return items;
  }

  #text(text: string): string {
    const length = Math.max(0, Math.min(MAX_TEXT, this.#left));
    this.#left -= Math.min(text.length, length);
    // oxlint-disable-next-line no-control-regex -- those that JSON escapes
    return text.length <= length && /^[\u0000-\u007e]*$/.test(text) ? text : printable(text, length, /[\u0000-\u001f]/);
  }
}
