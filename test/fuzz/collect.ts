import { statSync } from 'node:fs';
import { collector } from '../../src/pipeline/collector.ts';

/**
 * Loaded into each thread of a daemon by NODE_OPTIONS: collects all garbage when the file that FUZZ_COLLECT names is
 * written.
 */
const file = process.env['FUZZ_COLLECT'] ?? '';
const LOOK_MS = 500;
const writtenMs = (): number | undefined => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
let seenMs = writtenMs();

function look(): void {
  const nowMs = writtenMs();
  if (nowMs === seenMs) return;
  seenMs = nowMs;
  collector()({ type: 'major', flavor: 'last-resort' });
}

setInterval(look, LOOK_MS).unref();
