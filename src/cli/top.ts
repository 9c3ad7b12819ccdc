import { isatty } from 'node:tty';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedConfig } from '../config/load.ts';
import { formatAddress, reachable } from '../pipeline/address.ts';
import { monotonicMs } from '../pipeline/clock.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import type { CommandContext } from './command.ts';
import { scrape, type DaemonMetrics } from './daemon-metrics.ts';

const ASK_MS = 3_000;
/** Moves the cursor to the top left, and clears from there. */
const HOME_AND_CLEAR = '\u{1b}[H\u{1b}[J';
const CTRL_C = '\u{3}';

/** What top shows, in segments. The rates are per second. */
export interface Reading {
  readonly received: number;
  readonly sent: number;
  readonly retried: number;
  /** Rejected, dropped, refused by X-Ray, and dropped by the kernel. */
  readonly lost: number;
  readonly waiting: number;
  readonly bufferBytes: number;
  readonly bufferLimitBytes: number;
  readonly startedAt: number;
  readonly lastSuccessAt: number;
}

/** `xrayd top`: the numbers of a running daemon, live on a terminal, otherwise a line per interval. */
export async function run(
  { config: { httpAddress, intervalMs, count } }: LoadedConfig<'top'>,
  { output }: CommandContext<'top'>,
): Promise<number> {
  const at = formatAddress(reachable(httpAddress));
  const last = count === 0 ? Infinity : count;
  const isLive = isatty(1);
  const stop = new AbortController();
  const release = isLive ? stopAtKey(stop) : (): void => {};
  let before: { readonly reading: Reading; readonly ms: number } | undefined;
  let hasAnswered = false;
  try {
    for (let shown = 0; shown < last && !stop.signal.aborted; shown++) {
      if (shown > 0) await sleep(intervalMs, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) break;
      const ms = monotonicMs();
      const reading = await scrape(httpAddress, ASK_MS).then(readingOf, messageOf);
      if (typeof reading === 'string') {
        // It may be restarting; one that never answered has another address.
        if (!hasAnswered && !isLive)
          throw new XraydError(
            'XRAYD_DAEMON',
            `no xrayd answers at ${at}: ${reading}. --http-address is where it has health and metrics`,
          );
        before = undefined;
        await output.out(
          isLive ? `${HOME_AND_CLEAR}xrayd at ${at}: no answer (${reading})\n` : `no answer: ${reading}\n`,
        );
        continue;
      }
      const rates = ratesOf(reading, before?.reading, before === undefined ? 0 : ms - before.ms);
      if (isLive) await output.out(HOME_AND_CLEAR + screen(at, reading, rates));
      else await output.out((hasAnswered ? '' : HEADER) + line(reading, rates));
      hasAnswered = true;
      before = { reading, ms };
    }
  } finally {
    release();
  }
  return hasAnswered ? 0 : 1;
}

export function readingOf(metrics: DaemonMetrics): Reading {
  const of = (name: string): number => metrics.sum(name) ?? 0;
  return {
    received: of('xrayd_segments_received_total'),
    sent: of('xrayd_segments_sent_total'),
    retried: of('xrayd_segments_retried_total'),
    lost:
      of('xrayd_segments_rejected_total') +
      of('xrayd_segments_dropped_total') +
      of('xrayd_segments_unprocessed_total') +
      of('xrayd_kernel_drops_total'),
    waiting: metrics.waiting,
    bufferBytes: of('xrayd_buffer_bytes'),
    bufferLimitBytes: of('xrayd_buffer_limit_bytes'),
    startedAt: of('process_start_time_seconds'),
    lastSuccessAt: of('xrayd_last_success_timestamp_seconds'),
  };
}

type Rates = Readonly<Record<'received' | 'sent' | 'retried' | 'lost', number | undefined>>;

/** undefined for the first reading, and after a restart, when the counters began again. */
export function ratesOf(now: Reading, before: Reading | undefined, elapsedMs: number): Rates {
  const isComparable = before !== undefined && elapsedMs > 0 && before.startedAt === now.startedAt;
  const rate = (name: keyof Rates): number | undefined =>
    isComparable ? ((now[name] - before[name]) * 1000) / elapsedMs : undefined;
  return { received: rate('received'), sent: rate('sent'), retried: rate('retried'), lost: rate('lost') };
}

const HEADER = `${['received/s', 'sent/s', 'retried/s', 'lost/s', 'waiting', 'lost'].map((name) => name.padStart(11)).join('')}\n`;

function line({ waiting, lost }: Reading, rates: Rates): string {
  const columns = [rates.received, rates.sent, rates.retried, rates.lost].map(rateText);
  return `${[...columns, String(waiting), String(lost)].map((text) => text.padStart(11)).join('')}\n`;
}

function screen(at: string, reading: Reading, rates: Rates): string {
  const rows: [string, number, number | undefined][] = [
    ['received', reading.received, rates.received],
    ['sent', reading.sent, rates.sent],
    ['retried', reading.retried, rates.retried],
    ['lost', reading.lost, rates.lost],
  ];
  const buffer =
    reading.bufferLimitBytes === 0
      ? ''
      : ` (${Math.round((100 * reading.bufferBytes) / reading.bufferLimitBytes)} % of the buffer)`;
  return [
    `xrayd at ${at}; q ends`,
    '',
    `${' '.repeat(10)}${'per second'.padStart(14)}${'in total'.padStart(14)}`,
    ...rows.map(
      ([name, total, rate]) => `${name.padEnd(10)}${rateText(rate).padStart(14)}${String(total).padStart(14)}`,
    ),
    `${'waiting'.padEnd(10)}${''.padStart(14)}${String(reading.waiting).padStart(14)}${buffer}`,
    '',
  ].join('\n');
}

function rateText(rate: number | undefined): string {
  if (rate === undefined) return '-';
  return rate === 0 || rate >= 10 ? String(Math.round(rate)) : rate.toFixed(1);
}

/** q, or Ctrl-C, which a terminal in raw mode sends as a character. Returns how to give the terminal back. */
function stopAtKey(stop: AbortController): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onKey = (keys: Buffer): void => {
    const text = keys.toString();
    if (text.includes('q') || text.includes(CTRL_C)) stop.abort();
  };
  stdin.setRawMode(true).on('data', onKey);
  return () => {
    stdin.off('data', onKey).setRawMode(false).pause();
  };
}
