import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { startApplication } from './application.ts';
import { prepareClients, prepareReader } from './prepare.ts';
import { AWS_CLI, awsXRay } from './aws-cli.ts';

const scope = new Scope();
const run = promisify(execFile);

const readers = { cli: AWS_CLI, grafana: prepareReader('grafana') };
const note = (skipped: string): string => (skipped === '' ? '' : ` (skipped: ${skipped})`);

test.skipIf(readers.cli.command === undefined)(
  `boto3 reads every operation, each member as in its model${note(readers.cli.skipped)}`,
  async () => {
    const local = await LocalXRay.of(scope);
    const id = await local.putTrace({
      fault: true,
      cause: { exceptions: [{ id: 'eeeeeeeeeeeeeeee', type: 'Boom', message: 'bang' }] },
      user: 'u1',
    });
    const [python = ''] = readers.cli.command!;
    const { stdout } = await run(python, [join(dirname(python), '../../operations.py'), local.daemon.tcpUrl, id], {
      timeout: 60_000,
    });
    const problems = JSON.parse(stdout) as Record<string, string[]>;
    expect(Object.keys(problems)).toHaveLength(38);
    expect(Object.fromEntries(Object.entries(problems).filter(([, found]) => found.length > 0))).toEqual({});
  },
);

test.skipIf(readers.cli.command === undefined)(
  `refuses each violated constraint of botocore's X-Ray model in AWS's form${note(readers.cli.skipped)}`,
  async () => {
    const local = await LocalXRay.of(scope);
    const [python = ''] = readers.cli.command!;
    const { stdout, stderr } = await run(python, [join(dirname(python), '../../constraints.py'), local.daemon.tcpUrl], {
      timeout: 60_000,
    });
    expect(JSON.parse(stdout)).toEqual({});
    expect(Number.parseInt(stderr)).toBeGreaterThan(300);
  },
);

test.skipIf(readers.cli.command === undefined)(
  `the AWS CLI prints traces, their documents and the service graph${note(readers.cli.skipped)}`,
  async () => {
    const local = await LocalXRay.of(scope);
    const id = await local.putTrace();
    const cli = async (...args: string[]): Promise<Record<string, never[]>> =>
      (await awsXRay(local, ...args)) as Record<string, never[]>;
    const times = ['--start-time', String(local.now - 60), '--end-time', String(local.now + 60)];
    expect(
      (await cli('get-trace-summaries', ...times, '--filter-expression', 'service("orders")'))['TraceSummaries'],
    ).toMatchObject([{ Id: id, ResponseTime: 1 }]);
    expect((await cli('batch-get-traces', '--trace-ids', id))['Traces']).toMatchObject([
      { Id: id, Segments: [{}, {}, {}] },
    ]);
    expect((await cli('get-service-graph', ...times))['Services']).toHaveLength(4);
  },
);

test.skipIf(readers.grafana.command === undefined)(
  `Grafana’s data source finds every field that it dereferences${note(readers.grafana.skipped)}`,
  async () => {
    const local = await LocalXRay.of(scope);
    const id = await local.putTrace({
      error: true,
      http: { response: { status: 400 } },
      cause: { exceptions: [{ id: 'eeeeeeeeeeeeeeee', message: 'no type' }] },
    });
    for (let i = 0; i < 250; i++) await local.putTrace();
    const { stdout } = await run(readers.grafana.command![0]!, [local.daemon.tcpUrl, id]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('good\n');
  },
);

for (const { name, command, skipped } of prepareClients()) {
  test.skipIf(command === undefined)(
    `${name}: reads back the traces of an application${note(skipped)}`,
    async () => {
      const local = await LocalXRay.of(scope);
      const { tcpUrl, udpPort } = local.daemon;
      const { request } = await startApplication(
        command!,
        { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:${new URL(tcpUrl).port} udp:127.0.0.1:${udpPort}` },
        scope,
      );
      // The first request makes the SDK fetch the rules; until it has them it samples by its own.
      expect(await request('/')).toBe(200);
      await eventually(
        async () =>
          (await local.daemon.metrics())['xrayd_proxy_requests_total{path="/GetSamplingRules",status="200"}'] === 1,
      );
      await new Promise((next) => setTimeout(next, 1_500));
      expect(await request('/')).toBe(200);
      expect(await request('/error')).toBe(500);
      expect(await request('/many')).toBe(200);
      const find = async (filter: string): Promise<string[]> => {
        const body = JSON.stringify({ StartTime: local.now - 60, EndTime: local.now + 600, FilterExpression: filter });
        const answer = await fetch(`${local.daemon.tcpUrl}/TraceSummaries`, { method: 'POST', body });
        return ((await answer.json()) as { TraceSummaries: { Id: string }[] }).TraceSummaries.map(({ Id }) => Id);
      };
      const isReadable = async (filter: string): Promise<boolean> => (await find(filter)).length > 0;
      await eventually(() => isReadable('fault AND rootcause.fault.exception { message CONTAINS "card declined" }'));
      await eventually(() => isReadable('annotation.customer = "c-1042"'));
      // Streamed subsegments find their segment.
      await eventually(() => isReadable('http.url ENDSWITH "/many" AND !partial'));
    },
    60_000,
  );
}
