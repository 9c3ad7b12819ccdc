import type { Json } from '../../json/json.ts';
import type { TraceDocument } from '../../trace/model.ts';
import { XRaySpan } from './span.ts';

/** A segment, or a subsegment that was sent separately, with the subsegments inside it. */
export class SegmentDocument implements TraceDocument {
  readonly tops: readonly [XRaySpan];
  readonly #json: Json;
  #spans: readonly XRaySpan[] | undefined;

  /** `json` has passed `readDocument`; its document was the `arrival`th of the trace. */
  constructor(json: Json, arrival = 0) {
    this.#json = json;
    this.tops = [new XRaySpan(json, json['type'] === 'subsegment', arrival)];
  }

  get traceId(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `readDocument` has checked it; a getter of every document
    return this.#json['trace_id'] as string;
  }

  get id(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `readDocument` has checked it; a getter of every document
    return this.#json['id'] as string;
  }

  /** A segment and a subsegment with the same ID are two spans, not versions of one. */
  get key(): string {
    return this.tops[0].isSubsegment ? `${this.id}/` : this.id;
  }

  get isInProgress(): boolean {
    return this.#json['in_progress'] === true;
  }

  get spans(): readonly XRaySpan[] {
    if (this.#spans !== undefined) return this.#spans;
    // Most documents have no subsegments.
    if (this.tops[0].embedded.length === 0) return (this.#spans = this.tops);
    const spans: XRaySpan[] = [...this.tops];
    // The list grows while it is walked.
    for (let i = 0; i < spans.length; i++) for (const child of spans[i]!.embedded) spans.push(child);
    return (this.#spans = spans);
  }
}
