import { ALL_OPERATIONS, operationAt, OPERATIONS } from '../formats/xray/operations.ts';
import { itemsOf } from '../pipeline/list.ts';

/**
 * The operations that AWSXRayDaemonWriteAccess allows, except PutTraceSegments, which is buffered here instead of
 * forwarded.
 */
const DEFAULT_PATHS = ALL_OPERATIONS.filter(
  ({ name, caller }) => caller !== 'account' && name !== 'PutTraceSegments',
).map(({ path }) => path);
export const TRACE_SEGMENTS = OPERATIONS.PutTraceSegments.path;

export const MAX_BODY_BYTES = 1024 * 1024;
/** 50 documents of 64 KB, escaped. */
export const MAX_SEGMENTS_BODY_BYTES = 5 * 1024 * 1024;

export type Route =
  | { readonly kind: 'segments' }
  | { readonly kind: 'forward'; readonly label: string }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly errorType: string;
      readonly message: string;
      readonly label: string;
    };

/** Decides which requests may use this daemon's credentials. */
export class Routes {
  readonly #allowsAll: boolean;
  readonly #paths: ReadonlySet<string>;

  /** `allow` is the text of --proxy-allow: paths separated by commas, or `all`. */
  constructor(allow: string) {
    const extra = itemsOf(allow);
    this.#allowsAll = extra.includes('all');
    this.#paths = new Set([...DEFAULT_PATHS, ...extra.map((path) => (path.startsWith('/') ? path : `/${path}`))]);
  }

  /**
   * Compares the request target in origin form, byte for byte: a target with a query, `%` or `//` matches no listed
   * path. compat: the reference daemon forwards any method and path; `all` restores that.
   */
  find(method: string, target: string): Route {
    if (method === 'POST' && target === TRACE_SEGMENTS) return { kind: 'segments' };
    const label = this.#paths.has(target) ? target : 'other';
    if (this.#allowsAll || (method === 'POST' && this.#paths.has(target))) return { kind: 'forward', label };
    const path = target.split('?')[0] ?? '';
    if (method === 'POST' && (path === TRACE_SEGMENTS || this.#paths.has(path))) {
      const message = `xrayd does not forward ${path} with a query. Leave the query out, or start xrayd with --proxy-allow all.`;
      return { kind: 'refuse', status: 403, errorType: 'AccessDeniedException', message, label };
    }
    if (operationAt(path) !== undefined || this.#paths.has(path)) {
      const message = `xrayd does not forward ${method} ${path}. Start it with --proxy-allow ${path} (or all) to let clients call it with the daemon's credentials.`;
      return { kind: 'refuse', status: 403, errorType: 'AccessDeniedException', message, label };
    }
    const message = 'This is not a path of the X-Ray API. Start it with --proxy-allow all to forward every request.';
    return { kind: 'refuse', status: 404, errorType: 'UnknownOperationException', message, label };
  }
}
