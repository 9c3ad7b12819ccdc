import type { Json } from '../../json/json.ts';
import type { Refusal, TraceDocument } from '../../trace/model.ts';
import type { Decoded } from './decoding.ts';
import type { TracesData } from './messages.ts';
import { readTracesJson, tracesFromJson } from './read-json.ts';
import { rolesOf } from './segment/convert.ts';
import { derivedId } from './segment/derived-id.ts';
import { optionsOfStored } from './segment/options.ts';
import { OtlpSpan } from './span.ts';

/** Spans of one trace and one resource: a `TracesData` in JSON. */
export class OtlpDocument implements TraceDocument {
  readonly tops: readonly OtlpSpan[];

  /** It was the `arrival`th of its trace. */
  constructor(traces: TracesData, arrival = 0) {
    this.tops = spansOf(traces, arrival);
  }

  /** `json` has passed `readOtlpDocument`. */
  static of(json: Json, arrival = 0): OtlpDocument {
    const traces = tracesFromJson(json);
    return new OtlpDocument(traces.isDecoded ? traces : { resourceSpans: [] }, arrival);
  }

  get traceId(): string {
    return this.tops[0]?.traceId ?? '';
  }

  get id(): string | null {
    return this.tops.length === 1 ? this.tops[0]!.id : null;
  }

  /** A client that got no answer sends the same spans again. */
  get key(): string {
    return `otlp/${derivedId(this.tops.map(({ id }) => id).join())}`;
  }

  get isInProgress(): boolean {
    return this.tops.some(({ isInProgress }) => isInProgress);
  }

  /** No span is inside another. */
  get spans(): readonly OtlpSpan[] {
    return this.tops;
  }
}

function spansOf({ resourceSpans }: TracesData, arrival: number): OtlpSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.flatMap((span) =>
        rolesOf(span, optionsOfStored()).map((role) => new OtlpSpan({ span, resource, scope, arrival }, role)),
      ),
    ),
  );
}

/** Reads a document as it is stored, or says why it cannot be stored. */
export function readOtlpDocument(text: string): OtlpDocument | Refusal {
  const traces = readTracesJson(text);
  if (!traces.isDecoded) return refusal(traces.message);
  const reason = problemOf(traces);
  return reason === undefined ? new OtlpDocument(traces) : refusal(reason);
}

/** Documents are made by `partsOf`: others come from files that are imported. */
function problemOf(traces: Decoded): string | undefined {
  if (traces.rejected.spans > 0) return traces.rejected.message;
  const ids = new Set(
    traces.resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map(({ traceId }) => traceId)),
    ),
  );
  if (ids.size === 0) return 'the document has no spans';
  return ids.size > 1 ? 'the document has spans of several traces' : undefined;
}

function refusal(reason: string): Refusal {
  return { id: null, code: 'ParseError', message: `Invalid OTLP document: ${reason}`, traceId: undefined };
}
