import { FIRST_ROWS, type TraceRow } from '../../../src/api/page-types.ts';
import { readRows, unhurried, type Query } from '../api.ts';

/** The newest traces that the page holds. Of more, the store gives what is looked at, puts it in order and says what the charts show. */
export const MAX_ROWS = 2_000;
/** After the first page, which is what a screen shows, larger ones in the background. */
const PAGE = 1_000;

export interface RowsRead {
  readonly rows: readonly TraceRow[];
  readonly isFirst: boolean;
  /** The store has more. */
  readonly hasMore: boolean;
}

/** Reads what matches, the newest first, until the page holds as many as it may. `query` is asked for each page: a time range moves on meanwhile. */
export async function* readPages(query: () => Query | undefined, stop: AbortSignal): AsyncGenerator<RowsRead, void, undefined> {
  let after: string | null = null;
  let read = 0;
  do {
    const isFirst: boolean = after === null;
    if (!isFirst) await unhurried();
    const asked = query();
    if (asked === undefined) return;
    const page = await readRows(asked, { after, limit: isFirst ? FIRST_ROWS : PAGE }, stop);
    if (stop.aborted) return;
    after = page.next;
    read += page.rows.length;
    yield { rows: page.rows, isFirst, hasMore: after !== null };
  } while (after !== null && read < MAX_ROWS);
}
