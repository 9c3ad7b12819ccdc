import { endianness } from 'node:os';
import type { Environment } from '../pipeline/environment.ts';
import { nativeModule } from '../pipeline/native.ts';

/** Layout of Linux on 64-bit machines. Source: unix(7), socket(2), send(2). */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
const PATH_BYTES = 108;

const SIGNATURES = {
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  sendto: { arguments: ['i32', 'pointer', 'u64', 'i32', 'pointer', 'u32'], return: 'i64' },
  close: { arguments: ['i32'], return: 'i32' },
} as const;

/** Tells whoever started the process how it is. */
export interface ServiceManager {
  /** Everything is started. From now on, the manager also hears that the process is alive, if it asked for that. */
  readonly ready: () => void;
  readonly stopping: () => void;
}

/**
 * systemd for a unit with `Type=notify`; does nothing without NOTIFY_SOCKET. Node cannot send datagrams to such a socket,
 * so node:ffi calls sendto(2). Where that is missing, `systemd-notify` does it, which the unit must allow
 * (`NotifyAccess=all`). Never throws: a service whose manager does not listen goes on.
 * Source: sd_notify(3), sd_watchdog_enabled(3).
 */
export function serviceManager(env: Environment): ServiceManager {
  const address = env['NOTIFY_SOCKET'] ?? '';
  if (!/^[/@]./.test(address)) return { ready: () => {}, stopping: () => {} };
  const send = senderTo(address);
  const notify = (state: string): void => {
    if (send?.(state) !== true) notifyByProgram(state, env);
  };
  return {
    ready: () => {
      notify('READY=1');
      const intervalUs = env['WATCHDOG_PID'] === String(process.pid) ? Number(env['WATCHDOG_USEC']) : Number.NaN;
      // Twice as often as required. The timer runs on the main thread, whose hanging is what the watchdog is for.
      if (intervalUs > 0) setInterval(() => notify('WATCHDOG=1'), intervalUs / 2_000).unref();
    },
    stopping: () => notify('STOPPING=1'),
  };
}

/** Sends a state, and says whether the kernel took it. Undefined where node:ffi or the layouts above are missing. */
function senderTo(address: string): ((state: string) => boolean) | undefined {
  const is64Bit = process.arch === 'x64' || process.arch === 'arm64';
  const path = Buffer.from(address.replace(/^@/, '\0'));
  if (process.platform !== 'linux' || !is64Bit || endianness() !== 'LE' || path.length >= PATH_BYTES) return undefined;
  try {
    const ffi = nativeModule();
    const { functions: calls } = ffi.dlopen(null, SIGNATURES);
    // Off the heap, so that the garbage collector never moves it.
    const name = Buffer.allocUnsafeSlow(2 + PATH_BYTES).fill(0);
    name.writeUInt16LE(AF_UNIX);
    path.copy(name, 2);
    return (state) => {
      const text = Buffer.allocUnsafeSlow(state.length);
      text.write(state);
      const socket = calls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
      const [at, to] = [ffi.getRawPointer(text), ffi.getRawPointer(name)];
      const sent = calls.sendto(socket, at, BigInt(text.length), MSG_DONTWAIT_NOSIGNAL, to, 2 + path.length);
      calls.close(socket);
      return Number(sent) === text.length;
    };
  } catch {
    return undefined;
  }
}

function notifyByProgram(state: string, { PATH, NOTIFY_SOCKET }: Environment): void {
  // Loaded only here, since most processes never need it.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn('systemd-notify', [`--pid=${process.pid}`, state], {
    stdio: 'ignore',
    env: { PATH, NOTIFY_SOCKET },
  });
  child.on('error', () => {});
  child.unref();
}
