import { FIRST_ROWS, type TraceRow } from '../../../src/api/page-types.ts';
import { readRows, type Query } from '../api.ts';

/** The maximum number of rows that the page holds. Beyond it, the store provides visible rows, order and chart data. */
export const MAX_ROWS = 2_000;
/** Size of further pages, which are read in the background; the first page fills a screen. */
const PAGE = 1_000;

export interface RowsRead {
  readonly rows: readonly TraceRow[];
  readonly isFirst: boolean;
  /** The store has more. */
  readonly hasMore: boolean;
}

/**
 * Reads the matches, newest first, up to MAX_ROWS. `query` is called for each page, because a time range moves on
 * meanwhile. Every page but the first waits for `mayReadOn`.
 */
export async function* readPages(
  query: () => Query | undefined,
  mayReadOn: () => Promise<void>,
  stop: AbortSignal,
): AsyncGenerator<RowsRead, void, undefined> {
  let after: string | null = null;
  let read = 0;
  do {
    const isFirst: boolean = after === null;
    if (!isFirst) await mayReadOn();
    const asked = query();
    if (asked === undefined) return;
    const page = await readRows(asked, { after, limit: isFirst ? FIRST_ROWS : PAGE }, stop);
    if (stop.aborted) return;
    after = page.next;
    read += page.rows.length;
    yield { rows: page.rows, isFirst, hasMore: after !== null };
  } while (after !== null && read < MAX_ROWS);
}
