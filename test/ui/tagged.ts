import type { TraceDocuments } from '../../src/api/page-types.ts';
import type { Json } from '../../src/json/json.ts';

/** Documents of X-Ray as `GET /api/traces/ID` has them. */
export function tagged(documents: readonly Json[]): TraceDocuments['documents'] {
  return documents.map((document) => ({ format: 'xray', document }));
}
