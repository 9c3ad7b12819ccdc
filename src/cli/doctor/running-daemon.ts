import { directCall } from '../../aws/direct-call.ts';
import { isTakenFromDefault } from '../../config/http-address.ts';
import type { Examined } from '../../config/examine.ts';
import { member } from '../../json/json.ts';
import { DROP_REASONS } from '../../pipeline/accounting.ts';
import { formatAddress, reachable } from '../../pipeline/address.ts';
import { wallClockMs } from '../../pipeline/clock.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { scrape, type DaemonMetrics } from '../daemon-metrics.ts';
import { plural } from '../transfer.ts';
import type { Checkup } from './findings.ts';

const ASK_MS = 3_000;
const MAX_HEALTH_BYTES = 64 * 1024;

/** What the xrayd that runs at the HTTP address says of itself. Resolves with whether one does. */
export async function checkRunning(checkup: Checkup, { config, origins }: Examined['loaded']): Promise<boolean> {
  const { httpAddress } = config;
  if (httpAddress === 'off' || isTakenFromDefault(config, origins)) {
    checkup.add('running', 'skip', 'not checked: health and metrics are off');
    return false;
  }
  const at = formatAddress(reachable(httpAddress));
  let health: unknown;
  let metrics: DaemonMetrics;
  try {
    const { text } = await directCall(`http://${at}/readyz`, { timeoutMs: ASK_MS, maxAnswerBytes: MAX_HEALTH_BYTES });
    health = JSON.parse(text);
    metrics = await scrape(httpAddress, ASK_MS);
  } catch (error) {
    const remedy = 'To see what a daemon does, run doctor beside it, with its --http-address';
    checkup.add('running', 'skip', `no xrayd answers at ${at} (${messageOf(error)})`, remedy);
    return false;
  }
  const before = checkup.findings.length;
  reportParts(checkup, health);
  reportLosses(checkup, metrics);
  reportFlow(checkup, metrics, {
    at,
    udp: formatAddress(reachable(config.bind)),
    isSound: checkup.findings.length === before,
  });
  return true;
}

function reportParts(checkup: Checkup, health: unknown): void {
  const parts = member(health, 'parts');
  for (const part of Array.isArray(parts) ? parts : []) {
    const [name, state, reason] = ['name', 'state', 'reason'].map((key) => textOf(member(part, key)));
    if (state === 'failed' || state === 'degraded') checkup.add('running', 'fail', `its ${name}: ${reason}`);
  }
}

function reportLosses(checkup: Checkup, metrics: DaemonMetrics): void {
  for (const [reason, count] of metrics.by('xrayd_segments_dropped_total', 'reason')) {
    const known = Object.entries(DROP_REASONS).find(([name]) => name === reason)?.[1];
    checkup.add('running', 'fail', `it lost ${plural(count, 'segment')}: ${known?.event ?? reason}`, known?.remedy);
  }
  for (const [code, count] of metrics.by('xrayd_segments_unprocessed_total', 'code'))
    checkup.add('running', 'fail', `X-Ray refused ${plural(count, 'segment')} for good: ${code}`, 'Its log names them');
  for (const [reason, count] of metrics.by('xrayd_segments_rejected_total', 'reason'))
    checkup.add(
      'running',
      'warn',
      `it rejected ${plural(count, 'datagram')} (${reason}): what arrives is not a segment`,
      'Check which program sends to this port, and the version of its SDK',
    );
  const drops = metrics.sum('xrayd_kernel_drops_total') ?? 0;
  if (drops > 0)
    checkup.add(
      'running',
      'warn',
      `the kernel dropped ${plural(drops, 'datagram')} because the socket buffer was full`,
      'Raise net.core.rmem_max, or give the daemon more CPU',
    );
}

/** What arrived and what left: nothing at all is the most frequent problem, and leaves no other trace. */
function reportFlow(
  checkup: Checkup,
  metrics: DaemonMetrics,
  { at, udp, isSound }: { at: string; udp: string; isSound: boolean },
): void {
  const of = (name: string): number => metrics.sum(`xrayd_${name}`) ?? 0;
  const received = of('segments_received_total');
  const sent = of('segments_sent_total');
  const waiting = of('buffer_segments') + of('in_flight_segments') + of('spooled_segments');
  const startedSeconds = metrics.sum('process_start_time_seconds');
  const since = startedSeconds === undefined ? '' : ` in ${ageOf(wallClockMs() - startedSeconds * 1000)}`;
  const counts = `received ${received}, sent ${sent}, ${waiting} waiting${since}`;
  if (received === 0)
    checkup.add(
      'running',
      'warn',
      `the xrayd at ${at} has received nothing${since}`,
      `Check AWS_XRAY_DAEMON_ADDRESS of the applications, that their UDP reaches ${udp} (NetworkPolicy, security group), and that their SDK is on and samples. To test: xrayd send --to ${udp} --confirm ${at}`,
    );
  else if (sent === 0 && waiting > 0)
    checkup.add('running', 'warn', `the xrayd at ${at} has sent nothing yet: ${counts}`);
  else checkup.add('running', isSound ? 'ok' : 'warn', `the xrayd at ${at}: ${counts}`);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
