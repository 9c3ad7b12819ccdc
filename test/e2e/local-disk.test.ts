import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson } from '../fakes/traces.ts';

const scope = new Scope();

/** A disk of `megabytes` in memory; undefined where this process may not mount one. */
function smallDisk(megabytes: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'xrayd-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (status === 0) return folder;
  rmdirSync(folder);
  return undefined;
}

function remove(folder: string): void {
  spawnSync('umount', [folder]);
  rmdirSync(folder);
}

const probe = smallDisk(1);
if (probe !== undefined) remove(probe);
const skipped = probe === undefined ? 'a file system cannot be mounted here' : '';
if (skipped !== '' && process.env['XRAYD_REQUIRE_CLIENTS'] !== undefined) throw new Error(skipped);

test.skipIf(skipped !== '')(
  `on a full disk, stops storing with a warning, keeps reading, stores again when there is space, and loses nothing that was accepted${skipped && ` (skipped: ${skipped})`}`,
  async () => {
    const folder = smallDisk(4)!;
    scope.add(() => remove(folder));
    const local = await LocalXRay.start('--data', join(folder, 'traces.db'));
    scope.add(() => local.stop());
    const { daemon } = local;
    const first = await local.putTrace();
    const pad = 'x'.repeat(20_000);
    const traces = Array.from({ length: 400 }, () => local.nextTraceId());
    const at = { start_time: local.now, end_time: local.now + 1 };
    // Slowly enough for the socket buffer.
    for (const trace_id of traces) {
      await daemon.send(
        `{"format":"json","version":1}\n${JSON.stringify(segmentJson('web', { trace_id, ...at, metadata: { pad } }))}`,
      );
      await new Promise((next) => setTimeout(next, 3));
    }
    await eventually(
      () => daemon.find(/the disk is full: traces are not stored until space is available/) !== undefined,
    );
    const ready = async (): Promise<string> => (await fetch(`${daemon.httpUrl}/readyz`)).text();
    await eventually(async () => (await ready()).includes('the disk is full'));
    const isThere = async (id: string): Promise<boolean> => {
      const answer = await fetch(`${daemon.tcpUrl}/Traces`, {
        method: 'POST',
        body: JSON.stringify({ TraceIds: [id] }),
      });
      return ((await answer.json()) as { Traces: object[] }).Traces.length === 1;
    };
    expect(await isThere(first)).toBe(true);
    expect(await isThere(traces.at(-1)!)).toBe(false);
    await expect(local.putTrace({ metadata: { pad: 'x'.repeat(4_000_000) } })).rejects.toMatchObject({
      name: 'ThrottledException',
    });
    // Not one of X-Ray's operations: there is a pin for each trace, so that some need more space.
    for (let i = 0; i < 200; i++) {
      const pinned = await fetch(`${daemon.tcpUrl}/api/traces/${traces[i]}/pin`, { method: 'POST', body: '{}' });
      expect(pinned.status).toBeOneOf([200, 404, 429]);
    }
    expect(daemon.find(/please report this/)).toBeUndefined();
    expect(spawnSync('mount', ['-o', 'remount,size=64m', folder]).status).toBe(0);
    await eventually(async () => (await daemon.metrics())['xrayd_segments_sent_total'] === traces.length + 2, 60_000);
    expect(daemon.find(/^traces are stored again/)).toBeDefined();
    for (const id of [first, traces[0]!, traces.at(-1)!]) expect(await isThere(id)).toBe(true);
    expect(await ready()).not.toContain('the disk is full');
  },
  120_000,
);
