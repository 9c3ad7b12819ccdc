import type { OnSettled, Segment, Settlement, Ticket } from '../pipeline/segment.ts';

export const DELIVERED: Settlement = { kind: 'delivered' };
export const DROPPED: Settlement = { kind: 'dropped' };
/** On disk until the destination accepts it. */
export const SPOOLED: Settlement = { kind: 'delayed', error: 'spooled' };

export function ticketOf(position: number, onSettled: OnSettled | undefined): Ticket | undefined {
  return onSettled === undefined ? undefined : { position, onSettled };
}

/** Tells the receivers that wait for one of the segments. Most have none. */
export function settle(segments: readonly Segment[], settlement: Settlement): void {
  for (const { ticket } of segments) ticket?.onSettled(ticket.position, settlement);
}
