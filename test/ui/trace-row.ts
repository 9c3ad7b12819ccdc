import type { TraceRow } from '../../src/api/page-types.ts';

/** A row of the list as the store gives it: a request that took 0.1 s, unless `members` say otherwise. */
export function traceRow(id: string, start: number, members: Partial<TraceRow> = {}): TraceRow {
  const plain = {
    duration: 0.1,
    outcome: 'ok',
    status: 200,
    method: 'GET',
    url: 'http://a/b',
    name: 'web',
    type: null,
    services: ['web'],
    serviceCount: 1,
    spans: 1,
    isOpen: false,
    isPartial: false,
    isSampled: true,
    revision: 1,
  } as const;
  return { id, start, ...plain, ...members };
}
