/** What a daemon says of its segments, out of one scrape. */
export interface Ledger {
  readonly received: number;
  readonly restored: number;
  readonly kernelDrops: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly unprocessed: number;
  readonly sent: number;
  /** Buffered, in flight or spooled. */
  readonly here: number;
  readonly spooled: number;
  /** What the identity leaves unexplained; 0. */
  readonly imbalance: number;
}

export function ledgerOf(metrics: Readonly<Record<string, number>>): Ledger {
  const one = (name: string): number => metrics[`xrayd_${name}`] ?? 0;
  const all = (name: string): number =>
    Object.entries(metrics).reduce(
      (sum, [key, value]) => (key.startsWith(`xrayd_segments_${name}_total{`) ? sum + value : sum),
      0,
    );
  const [rejected, dropped, unprocessed] = [all('rejected'), all('dropped'), all('unprocessed')];
  const [received, restored, sent] = [
    one('segments_received_total'),
    one('segments_restored_total'),
    one('segments_sent_total'),
  ];
  const spooled = one('spooled_segments');
  const here = one('buffer_segments') + one('in_flight_segments') + spooled;
  const imbalance = received + restored - rejected - dropped - unprocessed - sent - here;
  return {
    received,
    restored,
    kernelDrops: one('kernel_drops_total'),
    rejected,
    dropped,
    unprocessed,
    sent,
    here,
    spooled,
    imbalance,
  };
}
