import { tagged } from './tagged.ts';
import { modelOf, type TraceModel } from '../../ui/src/trace/model.ts';
import { randomOf, ShopTrace, type Json } from '../page/shop.ts';

export const NOW = 1_790_000_000;

interface ModelOptions {
  readonly isAdjusted?: boolean;
  readonly received?: number;
  readonly now?: number;
}

export function modelFrom(
  documents: readonly Json[],
  { isAdjusted = true, received = NOW, now = NOW + 1 }: ModelOptions = {},
): TraceModel {
  const facts = { id: '1-x', revision: 1, received, bytes: 1, isPinned: false, isSampled: true };
  return modelOf({ ...facts, documents: tagged(documents) }, now, { isAdjusted });
}

export function traceOf(make: (trace: ShopTrace) => void, options: ModelOptions = {}): TraceModel {
  const made = new ShopTrace(NOW, randomOf(3));
  make(made);
  return modelFrom(made.documents, options);
}
