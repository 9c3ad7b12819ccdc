import { jsonAttributes } from '../otlp/json-value.ts';
import {
  newResourceSpans,
  newScopeSpans,
  type ResourceSpans,
  type Scope,
  type ScopeSpans,
  type Span,
  type Value,
} from '../otlp/messages.ts';

/** Puts spans of the same resource and scope together: Zipkin repeats both in each span. */
export class Groups {
  readonly #resources = new Map<string, ResourceSpans>();
  readonly #scopes = new Map<string, ScopeSpans>();

  add(span: Span, attributes: Record<string, Value>, scope: Scope): void {
    const resourceKey = JSON.stringify(jsonAttributes(attributes));
    const scopeKey = JSON.stringify([resourceKey, scope.name, scope.version]);
    let scopeSpans = this.#scopes.get(scopeKey);
    if (scopeSpans === undefined) {
      scopeSpans = { ...newScopeSpans(), scope };
      this.#scopes.set(scopeKey, scopeSpans);
      this.#resourceSpans(resourceKey, attributes).scopeSpans.push(scopeSpans);
    }
    scopeSpans.spans.push(span);
  }

  resourceSpans(): ResourceSpans[] {
    return [...this.#resources.values()];
  }

  #resourceSpans(key: string, attributes: Record<string, Value>): ResourceSpans {
    let resourceSpans = this.#resources.get(key);
    if (resourceSpans === undefined) {
      resourceSpans = { ...newResourceSpans(), resource: { attributes, droppedAttributesCount: 0 } };
      this.#resources.set(key, resourceSpans);
    }
    return resourceSpans;
  }
}
