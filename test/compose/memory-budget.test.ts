import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryBudgetOf, memoryProblem } from '../../src/compose/memory-budget.ts';
import { memoryLimitBytes } from '../../src/compose/memory-limit.ts';

const MB = 1024 * 1024;
const MACHINE = 8 * 1024 * MB;

/** What the kernel says of groups, by file below /sys/fs/cgroup. */
function limitWith(
  membership: string,
  files: Readonly<Record<string, string>>,
  constrainedBytes = 0,
): number | undefined {
  const cgroups = mkdtempSync(join(tmpdir(), 'xrayd-cgroups-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cgroups, name)), { recursive: true });
      writeFileSync(join(cgroups, name), text);
    }
    return memoryLimitBytes({ cgroups, membership, machineBytes: MACHINE, constrainedBytes });
  } finally {
    rmSync(cgroups, { recursive: true });
  }
}

test.each([
  ['none', '0::/\n', {}, 0, undefined],
  ['no limit, in words', '0::/a\n', { 'a/memory.max': 'max\n', 'memory.max': 'max\n' }, 0, undefined],
  [
    'a number beyond the machine, as version 1 says it',
    '4:memory:/\n',
    { 'memory/memory.stat': 'hierarchical_memory_limit 9223372036854771712\n' },
    2 ** 64,
    undefined,
  ],
  ["version 2, the group's own", '0::/a/b\n', { 'a/b/memory.max': `${256 * MB}\n` }, 0, 256 * MB],
  [
    "version 2, of a group above: a pod's limit",
    '0::/pod/container\n',
    { 'pod/container/memory.max': 'max\n', 'pod/memory.max': `${128 * MB}\n` },
    0,
    128 * MB,
  ],
  [
    'version 2 in a container, where its own group is the root',
    '0::/\n',
    { 'memory.max': `${192 * MB}\n` },
    0,
    192 * MB,
  ],
  [
    'version 2, where it is slowed down before it is killed',
    '0::/\n',
    { 'memory.max': `${192 * MB}\n`, 'memory.high': `${160 * MB}\n` },
    0,
    160 * MB,
  ],
  [
    'version 1, of a group above',
    '9:name=systemd:/\n4:cpu,memory:/a/b\n',
    { 'memory/a/b/memory.stat': `cache 1\nhierarchical_memory_limit ${96 * MB}\n` },
    0,
    96 * MB,
  ],
  [
    'version 1 in a container',
    '4:memory:/docker/123\n',
    { 'memory/memory.stat': `hierarchical_memory_limit ${64 * MB}\n` },
    0,
    64 * MB,
  ],
  ['what Node found, where the files cannot be read', '0::/\n', {}, 512 * MB, 512 * MB],
] as const)('the memory limit: %s', (_title, membership, files, constrainedBytes, expected) => {
  expect(limitWith(membership, files, constrainedBytes)).toBe(expected);
});

test.each([
  [undefined, 64, 16],
  [64, 3, 6],
  [128, 24, 8],
  [192, 48, 12],
  [256, 64, 16],
  [1024, 64, 16],
])('a memory limit of %s MiB: %s MB for the buffer, %s MB for bodies', (limitMb, bufferMb, bodiesMb) => {
  const budget = memoryBudgetOf({ bufferBytes: 0 }, 'daemon', limitMb === undefined ? undefined : limitMb * MB);
  expect(budget).toMatchObject({ bufferBytes: bufferMb * MB, bodiesBytes: bodiesMb * MB });
});

test.each([
  [undefined, 64, 16, 32],
  [128, 4, 8, 8],
  [192, 24, 12, 12],
  [256, 32, 16, 16],
  [512, 64, 16, 32],
])(
  'local, a memory limit of %s MiB: %s MB for the buffer, %s MB for bodies, %s MB for caches',
  (limitMb, bufferMb, bodiesMb, cacheMb) => {
    const budget = memoryBudgetOf({ bufferBytes: 0 }, 'local', limitMb === undefined ? undefined : limitMb * MB);
    expect(budget).toMatchObject({ bufferBytes: bufferMb * MB, bodiesBytes: bodiesMb * MB, cacheBytes: cacheMb * MB });
    expect(memoryProblem(budget)).toBeUndefined();
  },
);

test.each([
  [undefined, 512, 512, 100],
  [16, 32, 32, 12],
  [128, 128, 64, 12],
  [256, 256, 128, 12],
  [512, 512, 256, 12],
  [2048, 512, 512, 25],
])(
  'a memory limit of %s MiB: %s connections of TCP 2000 and of health, %s of each receiver, with %s requests over gRPC',
  (limitMb, base, receiver, streamsOfOne) => {
    const limitBytes = limitMb === undefined ? undefined : limitMb * MB;
    const { connections } = memoryBudgetOf({ bufferBytes: 0 }, 'daemon', limitBytes);
    expect(connections).toEqual({ base, receiver, streamsOfOne });
  },
);

test.each([
  ['daemon', 128, 16],
  ['daemon', 512, 64],
  ['local', 128, 8],
  ['local', 256, 33],
  ['local', 512, 116],
  ['daemon', undefined, Infinity],
  ['local', undefined, Infinity],
] as const)('%s, a memory limit of %s MiB: %s MB for files in memory', (mode, limitMb, megabytes) => {
  const limitBytes = limitMb === undefined ? undefined : limitMb * MB;
  const { inMemoryBytes, spoolFiles } = memoryBudgetOf({ bufferBytes: 0 }, mode, limitBytes);
  expect(Math.floor(inMemoryBytes / MB)).toBe(megabytes);
  expect(spoolFiles).toBe(limitMb === undefined ? Infinity : limitMb * 512);
});

test('reports a buffer that does not fit into the memory limit, with numbers and what would fit', () => {
  expect(memoryProblem(memoryBudgetOf({ bufferBytes: 0 }, 'daemon', 128 * MB))).toBeUndefined();
  expect(memoryProblem(memoryBudgetOf({ bufferBytes: 64 * MB }, 'daemon', undefined))).toBeUndefined();
  expect(memoryProblem(memoryBudgetOf({ bufferBytes: 100 * MB }, 'daemon', 128 * MB))).toBe(
    'a buffer of 100 MiB needs a limit of 204 MiB, but this process is limited to 128 MiB: it may be killed for memory. ' +
      'Raise the limit, or set --buffer-memory to 24 or less',
  );
});

test.each([
  [undefined, 0, 64],
  [512, 0, 64],
  [256, 0, 32],
  [192, 0, 24],
  [128, 0, 3],
  [512, 40, 40],
  [512, 3, 3],
])(
  'local --tee, a memory limit of %s MiB and --buffer-memory %s: the two buffers together have %s MB',
  (limitMb, bufferMemory, sumMb) => {
    const limitBytes = limitMb === undefined ? undefined : limitMb * MB;
    const { bufferBytes, teeBytes, ...budget } = memoryBudgetOf(
      { bufferBytes: bufferMemory * MB, tee: true },
      'local',
      limitBytes,
    );
    expect(bufferBytes + teeBytes).toBe(sumMb * MB);
    // Each takes a few batches of the largest size.
    expect(Math.min(bufferBytes, teeBytes)).toBeGreaterThanOrEqual(1.5 * MB);
    const sum = bufferBytes + teeBytes + budget.bodiesBytes + budget.cacheBytes + budget.besidesBytes;
    expect(memoryProblem({ bufferBytes, teeBytes, ...budget }) === undefined).toBe(
      limitBytes === undefined || sum <= limitBytes,
    );
  },
);

test('reports two buffers that do not fit, with their total', () => {
  expect(memoryProblem(memoryBudgetOf({ bufferBytes: 0, tee: true }, 'local', 128 * MB))).toMatch(
    /^two buffers \(--tee\) with a total of 3 MiB need a limit of 139 MiB, but this process is limited to 128 MiB/,
  );
});
