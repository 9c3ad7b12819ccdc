/** Identifies a node of the service map: segments with the same identity belong to the same service. */
export interface ServiceId {
  readonly name: string;
  /** `origin` of its segments; null if they have none. */
  readonly type: string | null;
  readonly accountId: string | null;
}

export function keyOf({ name, type, accountId }: ServiceId): string {
  return `${name}\n${type ?? ''}\n${accountId ?? ''}`;
}
