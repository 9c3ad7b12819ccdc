import { arrayOf, isObject, member, objectOf, textOf, type Json } from '../../json/json.ts';
import type { Span, SpanException, StackFrame } from '../../trace/model.ts';

const NONE: readonly SpanException[] = [];

/** The exceptions in the `cause` of `span`, without references to others. */
export function exceptionsIn(cause: unknown, span: Span): readonly SpanException[] {
  // The usual case.
  if (cause === undefined) return NONE;
  return arrayOf(member(cause, 'exceptions'))
    .filter(isObject)
    .map((exception) => new XRayException(exception, span));
}

/** The ID of an exception that another span has recorded. Node's SDK writes an object, the others a text. */
export function causeIdIn(cause: unknown): string | undefined {
  return textOf(cause) ?? (isObject(cause) && cause['exceptions'] === undefined ? textOf(cause['id']) : undefined);
}

class XRayException implements SpanException {
  readonly id: string | undefined;
  readonly type: string | null;
  readonly message: string | null;
  readonly #json: Json;
  readonly #span: Span;

  constructor(json: Json, span: Span) {
    this.id = textOf(json['id']);
    this.type = textOf(json['type']) ?? null;
    this.message = textOf(json['message']) ?? null;
    this.#json = json;
    this.#span = span;
  }

  /**
   * X-Ray's schema and most SDKs have the innermost first; AWS's Python SDK sends the outermost first. Source: its
   * utils/stacktrace.py.
   */
  get frames(): readonly StackFrame[] {
    const frames = arrayOf(this.#json['stack'])
      .filter(isObject)
      .map(({ path, line, label }) => ({
        path: textOf(path) ?? '',
        line: Number(line ?? 0) || 0,
        label: textOf(label) ?? '',
      }));
    return isFromPython(this.#span) ? frames.toReversed() : frames;
  }
}

function isFromPython({ segment }: Span): boolean {
  return textOf(objectOf(segment.aws['xray'])['sdk']) === 'X-Ray for Python';
}
