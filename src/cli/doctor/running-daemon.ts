import { directCall } from '../../aws/direct-call.ts';
import { portOwner, type PortOwner } from '../../compose/port-owner.ts';
import { isTakenFromDefault } from '../../config/http-address.ts';
import type { Examined } from '../../config/examine.ts';
import { member } from '../../json/json.ts';
import { DROP_REASONS } from '../../pipeline/accounting.ts';
import { formatAddress, reachable, type Address } from '../../pipeline/address.ts';
import { wallClockMs } from '../../pipeline/clock.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { scrape, type DaemonMetrics } from '../daemon-metrics.ts';
import { plural } from '../transfer.ts';
import type { Checkup } from './findings.ts';
import { probeUdp } from './udp-probe.ts';

const ASK_MS = 3_000;
const MAX_HEALTH_BYTES = 64 * 1024;
/** Without a segment for this long, something is wrong, unless nobody uses the applications. */
const QUIET_MS = 120_000;
/** So few segments may all be from tests, such as `xrayd send`, which sends two. */
const FEW_SEGMENTS = 10;
/** The parts of a daemon that do not work when the checks of AWS fail: the cause is the same. */
const TOWARDS_AWS: readonly string[] = ['batcher', 'exporter', 'credentials'];
const SAMPLING_PATHS: readonly string[] = ['/GetSamplingRules', '/SamplingTargets'];

/** The xrayd that runs at the HTTP address, and what it says of itself. */
export interface Running {
  readonly at: string;
  readonly parts: readonly Part[];
  readonly metrics: DaemonMetrics;
  /** The process; undefined if /proc does not show it. */
  readonly owner: PortOwner | undefined;
  /** Where this machine reaches its UDP port; undefined if it does not say. */
  readonly udp: Address | undefined;
}

export interface Part {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

export async function findRunning(
  checkup: Checkup,
  { command, config, origins }: Examined['loaded'],
): Promise<Running | undefined> {
  const { httpAddress } = config;
  if (httpAddress === 'off' || isTakenFromDefault(config, origins)) {
    checkup.add('running', 'skip', 'not checked: health and metrics are off');
    return undefined;
  }
  const at = formatAddress(reachable(httpAddress));
  try {
    const { text } = await directCall(`http://${at}/readyz`, { timeoutMs: ASK_MS, maxAnswerBytes: MAX_HEALTH_BYTES });
    const parts = partsIn(JSON.parse(text));
    const metrics = await scrape(httpAddress, ASK_MS);
    const owner = portOwner('tcp', httpAddress.port);
    if (owner !== undefined && owner.pid !== process.pid) checkSettings(checkup, at, owner);
    const udp = addressOf(parts.find(({ name, state }) => name === 'udp' && state === 'ok')?.reason);
    if (udp !== undefined) await probeUdp(checkup, udp, httpAddress);
    return { at, parts, metrics, owner, udp };
  } catch (error) {
    const remedy = 'Start it; to see what one does that runs elsewhere, run doctor there, with its --http-address';
    // The settings of a daemon are often checked before it is started.
    const status = command === 'local' ? 'warn' : 'note';
    checkup.add('running', status, `no xrayd answers at ${at} (${messageOf(error)})`, remedy);
    return undefined;
  }
}

function partsIn(health: unknown): Part[] {
  const parts = member(health, 'parts');
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  return (Array.isArray(parts) ? parts : []).map((part: unknown) => ({
    name: textOf(member(part, 'name')),
    state: textOf(member(part, 'state')),
    reason: textOf(member(part, 'reason')),
  }));
}

/** From its own form, `host:port`. */
function addressOf(text = ''): Address | undefined {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(text) ?? [];
  return host === undefined ? undefined : reachable({ host, port: Number(port) });
}

/** Whether the running daemon has its settings from a file that doctor was not given. */
function checkSettings(checkup: Checkup, at: string, { pid, args }: PortOwner): void {
  const file = configFileIn(args);
  if (file === undefined || process.argv.includes(file)) return;
  checkup.add(
    'settings',
    'warn',
    `the xrayd at ${at} (pid ${pid}) was started with --config ${file}, and these checks without`,
    `Run xrayd doctor --config ${file}`,
  );
}

/** From a command line. Only this option: others may have secrets. */
function configFileIn(args: readonly string[]): string | undefined {
  const position = args.findIndex((arg) => /^--?c(onfig)?$/.test(arg));
  if (position !== -1) return args[position + 1];
  return args.map((arg) => /^--?c(?:onfig)?=(.+)$/.exec(arg)?.[1]).find((file) => file !== undefined);
}

/** What the daemon says of itself, once the checks of AWS are done: of a shared cause there is one finding. */
export function reportRunning(checkup: Checkup, running: Running, isWanted: 'daemon' | 'local'): void {
  const { at, parts, metrics } = running;
  const isLocal = parts.some(({ name }) => name === 'store');
  if (isLocal && isWanted === 'daemon')
    checkup.add(
      'running',
      'fail',
      `the xrayd at ${at} is a local X-Ray: what it receives stays on this machine`,
      'Stop it and start xrayd, or run xrayd doctor local if it is what you want',
    );
  const isAwsSound = !checkup.hasFailed('region', 'credentials', 'dns', 'endpoint', 'tls', 'permission');
  const bad = parts.filter(({ state }) => state === 'failed' || state === 'degraded');
  for (const { name, reason } of bad.filter((part) => !TOWARDS_AWS.includes(part.name)))
    checkup.add('running', 'fail', `its ${name}: ${reason}`);
  const towards = TOWARDS_AWS.toReversed().flatMap((name) => bad.filter((part) => part.name === name))[0];
  if (towards !== undefined && isAwsSound)
    checkup.add(
      'running',
      'fail',
      `the xrayd at ${at} cannot send, although these settings work: its ${towards.name}: ${towards.reason}`,
      'Restart it to use them. Without --spool, the segments that wait in its memory are lost',
    );
  reportLosses(checkup, metrics);
  reportFlow(checkup, running, isAwsSound && bad.length === 0);
}

function reportLosses(checkup: Checkup, metrics: DaemonMetrics): void {
  for (const [reason, count] of metrics.by('xrayd_segments_dropped_total', 'reason')) {
    const known = Object.entries(DROP_REASONS).find(([name]) => name === reason)?.[1];
    checkup.add('running', 'fail', `it lost ${plural(count, 'segment')}: ${known?.event ?? reason}`, known?.remedy);
  }
  for (const [code, count] of metrics.by('xrayd_segments_unprocessed_total', 'code'))
    checkup.add('running', 'fail', `X-Ray refused ${plural(count, 'segment')} for good: ${code}`, 'Its log names them');
  for (const [reason, count] of metrics.by('xrayd_segments_rejected_total', 'reason')) {
    // Probes of this command are among the empty ones.
    if (reason === 'empty') continue;
    checkup.add(
      'running',
      'warn',
      `it rejected ${plural(count, 'datagram')} (${reason}): what arrives is not a segment`,
      'Check which program sends to this port, and the version of its SDK',
    );
  }
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
function reportFlow(checkup: Checkup, { at, udp, metrics }: Running, isSound: boolean): void {
  const of = (name: string): number => metrics.sum(`xrayd_${name}`) ?? 0;
  const received = of('segments_received_total') - of('segments_rejected_total');
  const sent = of('segments_sent_total');
  const { waiting } = metrics;
  const startedSeconds = metrics.sum('process_start_time_seconds');
  const ageMs = startedSeconds === undefined ? undefined : wallClockMs() - startedSeconds * 1000;
  const since = ageMs === undefined ? '' : ` in ${ageOf(ageMs)}`;
  const lastSeconds = metrics.sum('xrayd_last_segment_received_timestamp_seconds') ?? 0;
  const quietMs = lastSeconds === 0 ? undefined : wallClockMs() - lastSeconds * 1000;
  const last = quietMs === undefined ? '' : `, the last ${ageOf(quietMs)} ago`;
  const counts = `received ${received}${since}${last}; sent ${sent}, ${waiting} waiting`;
  const isYoung = ageMs !== undefined && ageMs < QUIET_MS;
  const { found, remedy } = whyNothing(metrics, { at, udp });
  // Then the reason is known.
  if (checkup.hasFailed('udp', 'sampling') && sent + waiting === received)
    checkup.add('running', 'note', `the xrayd at ${at}: ${counts}`);
  else if (received === 0)
    checkup.add(
      'running',
      isYoung ? 'warn' : 'fail',
      `the xrayd at ${at} has received nothing${since}; ${found}`,
      isYoung ? `Send a request to the application, and run this again. ${remedy}` : remedy,
    );
  else if (!isYoung && (received <= FEW_SEGMENTS || (quietMs !== undefined && quietMs > QUIET_MS)))
    checkup.add(
      'running',
      'warn',
      `the xrayd at ${at}: ${counts}. Those of xrayd send are among them; ${found}`,
      `Unless the application had no requests: ${remedy.charAt(0).toLowerCase()}${remedy.slice(1)}`,
    );
  else if (sent === 0 && waiting > 0 && isSound) checkup.add('running', 'warn', `the xrayd at ${at}: ${counts}`);
  else checkup.add('running', isSound ? 'ok' : 'note', `the xrayd at ${at}: ${counts}`);
}

/** SDKs of AWS ask for sampling rules over TCP at the address to which they send segments over UDP. */
function whyNothing(
  metrics: DaemonMetrics,
  { at, udp }: Pick<Running, 'at' | 'udp'>,
): { readonly found: string; readonly remedy: string } {
  const calls = metrics.sumOf('xrayd_proxy_requests_total', ({ path = '' }) => SAMPLING_PATHS.includes(path));
  const to = udp === undefined ? 'ADDRESS' : formatAddress(udp);
  const test = `To test from where the application runs: xrayd send --to ${to} --confirm ${at}`;
  if (calls === 0)
    return {
      found: 'no SDK has asked for sampling rules over TCP either: they have another address, or are off',
      remedy: `Check AWS_XRAY_DAEMON_ADDRESS of the application (with its port), that its SDK is on, and its log: the SDK names the address when it cannot poll sampling rules. ${test}`,
    };
  return {
    found: `but ${plural(calls, 'sampling call')} arrived over TCP: the address is right, and UDP is lost on the way or no request is sampled`,
    remedy: `Allow UDP as well as TCP: firewall (iptables -S, nft list ruleset), security group, NetworkPolicy, and docker run -p 2000:2000/udp; check the sampling rules. ${test}`,
  };
}

function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
