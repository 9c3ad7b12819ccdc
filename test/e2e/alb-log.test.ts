import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { accessLogLine } from '../fakes/access-log.ts';
import { sharedLocal } from '../fakes/shared-local.ts';
import { xraydHere } from '../fakes/command.ts';
import type { Ended } from '../fakes/program.ts';

const local = await sharedLocal();
const folder = mkdtempSync(join(tmpdir(), 'xrayd-alb-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NLB =
  'tls 2.0 2018-12-20T02:59:40 net/my-nlb/c6 g3 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn - TLS12';

function file(name: string, bytes: string | Buffer): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const imported = (...args: string[]): Promise<Ended> => xraydHere(['import', '--api', local.api, '--alb-log', ...args]);

interface Read {
  readonly accessLog?: readonly string[];
  readonly revision: number;
}

async function read(path: string): Promise<unknown> {
  return (await fetch(`http://${local.api}${path}`)).json();
}

test('import --alb-log attaches lines to the traces that they name, from several files, also compressed', async () => {
  const [a, b] = [await local.putTrace(), await local.putTrace()];
  const [lineA, lineB] = [
    accessLogLine({ trace: `Root=${a}` }),
    accessLogLine({ trace: `Self=1-6929d511-000000000000000000000009;Root=${b}` }),
  ];
  const unknown = accessLogLine({ trace: 'Root=1-6929d511-000000000000000000000001' });
  const plain = file('a.log', `${lineA}\r\n\n${accessLogLine()}\nnonsense\n${NLB}\n${unknown}\nnonsense\n`);
  const zipped = file('b.log.gz', Buffer.concat([gzipSync(`${lineB}\n`), gzipSync(lineA)]));
  const { code, stderr } = await imported(plain, zipped);
  expect([code, stderr.replaceAll(`${folder}/`, '')]).toEqual([
    1,
    `xrayd: a.log: line 4 is not from an access log of an Application Load Balancer (and 1 more line like it)
xrayd: a.log: line 5 is from a Network Load Balancer, whose log has no trace IDs. Only access logs of Application Load Balancers have them
imported access logs: 2 lines attached, 1 already there, 1 of traces that are not stored, 1 without a trace ID
`,
  ]);
  expect(((await read(`/api/traces/${a}`)) as Read).accessLog).toEqual([lineA]);
  expect(((await read(`/api/traces/${b}`)) as Read).accessLog).toEqual([lineB]);
  // Whatever is imported twice stays there once.
  expect(await imported(zipped)).toEqual({
    code: 0,
    stdout: '',
    stderr:
      'imported access logs: 0 lines attached, 2 already there, 0 of traces that are not stored, 0 without a trace ID\n',
  });
  await local.clear();
  await local.putTrace();
  expect((await fetch(`http://${local.api}/api/traces/${a}`)).status).toBe(404);
});

test('a file that is cut off is read as far as possible, and does not keep others from being read', async () => {
  const id = await local.putTrace();
  const lines = Array.from({ length: 2_000 }, (_, i) =>
    accessLogLine({ trace: `Root=${id}`, userAgent: `agent ${i}` }),
  );
  const whole = gzipSync(lines.join('\n'));
  const cut = file('cut.log.gz', whole.subarray(0, whole.length / 2));
  const { code, stderr } = await imported(cut, join(folder, 'missing.log'), folder, file('one.log', lines[0]!));
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot read \S+cut\.log\.gz after line \d+: unexpected end of file\n/);
  expect(stderr).toMatch(/cannot read \S+missing\.log after line 0: ENOENT/);
  expect(stderr).toMatch(/EISDIR/);
  // A trace has at most 100 lines.
  expect(stderr).toMatch(/imported access logs: 100 lines attached, 1 already there/);
  expect(stderr).toMatch(/\n {2}\d+ lines left out: their traces have the most lines that a trace can have\n/);
});

test('the page’s graphs have the load balancer before its target, and X-Ray’s do not', async () => {
  const id = await local.putTrace();
  await imported(file('c.log', accessLogLine({ trace: `Root=${id}`, balancer: 'app/front/1' })));
  interface Graph {
    readonly Services: readonly {
      Name: string;
      Type: string;
      ReferenceId: number;
      FromAccessLog?: true;
      Edges: readonly { ReferenceId: number }[];
    }[];
  }
  const pathsIn = ({ Services }: Graph): string[] =>
    Services.flatMap(({ Name, Type, Edges }) =>
      Edges.map(
        (edge) =>
          `${Type === 'client' ? 'client' : Name} → ${Services.find((each) => each.ReferenceId === edge.ReferenceId)!.Name}`,
      ),
    );
  for (const path of ['/api/graph', `/api/traces/${id}/graph`]) {
    const graph = (await read(path)) as Graph;
    expect(graph.Services.find(({ Name }) => Name === 'front')).toMatchObject({
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      FromAccessLog: true,
      SummaryStatistics: { TotalCount: 1, FaultStatistics: { TotalCount: 1 } },
    });
    expect(pathsIn(graph)).toContain('client → front');
    expect(pathsIn(graph).filter((each) => each.startsWith('front'))).toHaveLength(1);
  }
  const answer = await fetch(`http://${local.api}/TraceGraph`, {
    method: 'POST',
    body: JSON.stringify({ TraceIds: [id] }),
  });
  expect(JSON.stringify(await answer.json())).not.toMatch(/front|FromAccessLog/);
});
