import { tagged } from './tagged.ts';
import { modelOf, type TraceModel } from '../../ui/src/trace/model.ts';
import { randomOf, ShopTrace, type Json } from '../page/shop.ts';

export const NOW = 1_790_000_000;

export function modelFrom(
  documents: readonly Json[],
  { isAdjusted = true }: { isAdjusted?: boolean } = {},
): TraceModel {
  return modelOf(
    { id: '1-x', revision: 1, received: NOW, bytes: 1, isPinned: false, documents: tagged(documents) },
    NOW + 1,
    { isAdjusted },
  );
}

export function traceOf(make: (trace: ShopTrace) => void, options: { isAdjusted?: boolean } = {}): TraceModel {
  const made = new ShopTrace(NOW, randomOf(3));
  make(made);
  return modelFrom(made.documents, options);
}
