import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { access, constants, open, stat, statfs, unlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { diskRemedy } from '../../batcher/spool/trouble.ts';
import { memoryBudgetOf, memoryProblem } from '../../compose/memory-budget.ts';
import { bindError, portOwner, type Binding } from '../../compose/port-owner.ts';
import { SPAN_RECEIVERS } from '../../compose/receivers.ts';
import type { Examined } from '../../config/examine.ts';
import { SPECS, type OptionName } from '../../config/schema.ts';
import { formatAddress, type Address } from '../../pipeline/address.ts';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import { namesOf } from '../../pipeline/list.ts';
import { MB } from '../../pipeline/units.ts';
import { RECEIVE_BUFFER_BYTES, socketBufferRemedy } from '../../udp/receiver.ts';
import { capitalized } from '../transfer.ts';
import type { Checkup } from './findings.ts';
import type { Running } from './running-daemon.ts';

const BIND_MS = 5_000;
const DISK_MS = 5_000;
/** A batch file has up to half a megabyte. */
const LEAST_FREE_BYTES = MB;

const SERVERS = [
  ['bind', 'UDP'],
  ['bindTcp', 'TCP'],
  ['httpAddress', 'HTTP'],
  ...namesOf(SPAN_RECEIVERS).map((option) => [option, 'TCP'] as const),
] as const satisfies readonly (readonly [OptionName, Binding['protocol']])[];

/** Whether the addresses can be bound, and which program has those that cannot. */
export async function checkPorts(
  checkup: Checkup,
  { config }: Examined['loaded'],
  running: Running | undefined,
): Promise<void> {
  const free: string[] = [];
  const used: string[] = [];
  for (const [option, protocol] of SERVERS) {
    const address = config[option];
    if (address === 'off') continue;
    const name = `${protocol} ${formatAddress(address)}`;
    const result = await checkup.run('ports', BIND_MS, () => bindOnce(protocol, address));
    if (result === undefined) continue;
    const { error } = result;
    if (error === undefined && running !== undefined && option !== 'httpAddress')
      checkup.add(
        'ports',
        'warn',
        `nothing listens on ${name}, although an xrayd runs here: what is sent there is lost`,
        `${whereItListens(running, protocol)}, or start it with --${SPECS[option].flag} ${formatAddress(address)}`,
      );
    else if (error === undefined) free.push(name);
    else if (running !== undefined && isOfRunning(protocol, address, error, running)) used.push(name);
    else checkup.add('ports', 'fail', bindError({ protocol, address, flag: `--${SPECS[option].flag}` }, error).message);
  }
  if (used.length > 0) checkup.add('ports', 'ok', `used by the xrayd that runs here: ${used.join(', ')}`);
  if (free.length > 0) checkup.add('ports', 'ok', `free: ${free.join(', ')}`);
}

function whereItListens({ parts }: Running, protocol: Binding['protocol']): string {
  const has = parts.find(({ name, state }) => name === protocol.toLowerCase() && state === 'ok')?.reason;
  return `Send to the address that it has${has === undefined ? '' : `, ${has}`}`;
}

/** Without the right to see other processes' sockets, a taken port is taken for the running daemon's. */
function isOfRunning(
  protocol: Binding['protocol'],
  { port }: Address,
  error: unknown,
  { owner: process }: Running,
): boolean {
  if (systemCodeOf(error) !== 'EADDRINUSE') return false;
  const owner = portOwner(protocol === 'UDP' ? 'udp' : 'tcp', port);
  return owner === undefined || process === undefined || owner.pid === process.pid;
}

async function bindOnce(protocol: Binding['protocol'], { host, port }: Address): Promise<{ error?: unknown }> {
  try {
    if (protocol === 'UDP') {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const bound = once(socket, 'listening');
      socket.bind({ address: host, port, exclusive: true });
      await bound.finally(() => socket.close());
    } else {
      const server = createServer();
      const bound = once(server, 'listening');
      server.listen({ host, port, exclusive: true });
      await bound;
      server.close();
    }
    return {};
  } catch (error) {
    return { error };
  }
}

/** The size that the kernel gives a socket: with a small one, bursts are dropped. */
export async function checkSocketBuffer(checkup: Checkup): Promise<void> {
  const bytes = await checkup.run('socket', BIND_MS, async () => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    const bound = once(socket, 'listening');
    socket.bind(0, '127.0.0.1');
    await bound;
    const size = socket.getRecvBufferSize();
    socket.close();
    return size;
  });
  if (bytes === undefined) return;
  const remedy = socketBufferRemedy(bytes, process.platform);
  const size = `the receive buffer of a UDP socket has ${bytes} bytes`;
  if (remedy === undefined) checkup.add('socket', 'ok', size);
  else checkup.add('socket', 'warn', `${size}: bursts may be dropped`, `Run ${remedy} on the node`);
}

/** Whether the spool, or the file of traces, can be written, and how much space it has. */
export async function checkDisk(checkup: Checkup, loaded: Examined['loaded']): Promise<void> {
  const { spool, spoolBytes } = loaded.config;
  if (spool === '') checkup.add('spool', 'ok', 'off: what does not fit in memory during an outage is lost (--spool)');
  else await checkFolder(checkup, { check: 'spool', folder: spool, bytes: spoolBytes, option: 'spool-size' });
  if (loaded.command === 'local' && loaded.config.data !== '')
    await checkFolder(checkup, {
      check: 'data',
      folder: dirname(resolve(loaded.config.data)),
      bytes: loaded.config.dataBytes,
      option: 'data-size',
    });
  if (loaded.config.logFile !== '')
    await checkFolder(checkup, {
      check: 'log',
      folder: dirname(resolve(loaded.config.logFile)),
      bytes: MB,
      option: '',
    });
}

interface Folder {
  readonly check: string;
  readonly folder: string;
  /** What it may take. */
  readonly bytes: number;
  readonly option: string;
}

async function checkFolder(checkup: Checkup, { check, folder, bytes, option }: Folder): Promise<void> {
  const free = await checkup.run(check, DISK_MS, async () => {
    try {
      const there = await existing(resolve(folder));
      if (there === resolve(folder)) await writeProbe(there);
      else await access(there, constants.W_OK);
      const { bavail, bsize } = await statfs(there);
      return bavail * bsize;
    } catch (error) {
      const remedy = diskRemedy(error, folder);
      checkup.add(
        check,
        'fail',
        `${folder} cannot be written: ${messageOf(error)}`,
        remedy === undefined ? undefined : capitalized(remedy),
      );
      return undefined;
    }
  });
  if (free === undefined) return;
  const space = `${folder} has ${Math.floor(free / MB)} MB of free space`;
  if (free < LEAST_FREE_BYTES) checkup.add(check, 'fail', space, 'Free space on the disk');
  else if (free < bytes)
    checkup.add(
      check,
      'warn',
      `${space}, and may take ${Math.floor(bytes / MB)} MB`,
      `Lower --${option}, or free space`,
    );
  else checkup.add(check, 'ok', `${space}, and can be written`);
}

/** The nearest folder that exists: the others are created at the start. */
async function existing(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return existing(dirname(path));
  }
}

async function writeProbe(folder: string): Promise<void> {
  const path = join(folder, `.doctor-${randomBytes(6).toString('hex')}`);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(Buffer.alloc(4_096));
    await file.sync();
  } finally {
    await file.close();
    await unlink(path);
  }
}

/** Whether the buffer fits into the memory limit. */
export function checkMemory(checkup: Checkup, { command, config }: Examined['loaded']): void {
  const budget = memoryBudgetOf(config, command);
  const shortage = memoryProblem(budget);
  const waiting = `waiting segments take at most ${Math.floor((budget.bufferBytes + budget.teeBytes) / MB)} MB`;
  const limit = budget.limitBytes === undefined ? 'no limit' : `a limit of ${Math.floor(budget.limitBytes / MB)} MB`;
  if (shortage === undefined) checkup.add('memory', 'ok', `${limit}; ${waiting}`);
  else checkup.add('memory', 'warn', shortage);
}
