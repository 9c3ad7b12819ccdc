import type { Outcome } from '../trace/entity.ts';
import type { ServiceId } from '../trace/service-id.ts';

/** A service as AWS writes it in summaries and root causes. */
export function serviceMembers({ name, type, accountId }: ServiceId): {
  Name: string;
  Names: string[];
  Type: string | null;
  AccountId: string | null;
} {
  return { Name: name, Names: [name], Type: type, AccountId: accountId };
}

export function outcomeMembers({ isFault, isError, isThrottle }: Outcome): { HasFault: boolean; HasError: boolean; HasThrottle: boolean } {
  return { HasFault: isFault, HasError: isError, HasThrottle: isThrottle };
}

/** The values by their key, each once, in the order they came. */
export function distinct<T>(values: Iterable<T>, key: (value: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const value of values) {
    const id = key(value);
    if (!seen.has(id)) seen.set(id, value);
  }
  return [...seen.values()];
}
