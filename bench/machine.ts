import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** The machine of a measurement. */
export function machineText(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const socketBuffer = readFileSync('/proc/sys/net/core/rmem_max', 'utf8').trim();
  return `node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory}, net.core.rmem_max ${socketBuffer}`;
}
