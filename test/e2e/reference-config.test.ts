import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMAND_LINES, type Outcome } from '../fakes/command-lines.ts';
import { CONFIG_FILES } from '../fakes/config-files.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS } from '../fakes/xray.ts';
import { PROGRAM } from '../fakes/program.ts';

const scope = new Scope();
const reference = process.env['XRAY_REFERENCE_DAEMON'];
const reason =
  reference === undefined ? ' (skipped: XRAY_REFERENCE_DAEMON does not name the binary of aws-xray-daemon)' : '';
const ENV = {
  ...EXAMPLE_KEYS,
  AWS_REGION: 'us-east-1',
  // Nobody: no test looks for AWS's own.
  AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
};
const ADDRESSES = ['-b', '127.0.0.1:0', '-t', '127.0.0.1:0'];

interface Report {
  /** The code it ended with; undefined when it runs. */
  readonly exit?: number;
  readonly output: string;
}

/** Starts a daemon and waits until it ends or `isReady` says that it runs. */
async function start(
  command: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isReady: RegExp,
  silenceMs = 1_000,
): Promise<Report> {
  const daemon = new DaemonProcess({
    command,
    args,
    env: { ...ENV, ...env },
    cwd: scope.folder(),
    hasFreePorts: false,
  });
  const isUp = (): boolean => isReady.test(daemon.stdout);
  // A daemon whose log level is "warn" says nothing when it runs: it has not ended after a while.
  const silentMs = performance.now() + silenceMs;
  await eventually(() => !daemon.isRunning || isUp() || performance.now() > silentMs, 30_000);
  if (daemon.isRunning) {
    await daemon.stop('SIGKILL');
    return { output: daemon.stdout };
  }
  const { code } = await daemon.end();
  return { exit: code ?? -1, output: daemon.stdout };
}

/** What the reference's log says of its values. */
function outcomeOf({ exit, output }: Report): Outcome {
  if (exit !== undefined) return { exit };
  const region = /Using region: (.*)/.exec(output)?.[1];
  const bufferMemory = /buffer memory limit of (\d+) MB/.exec(output)?.[1];
  return {
    ...(region === undefined ? {} : { region }),
    ...(bufferMemory === undefined ? {} : { bufferMemory: Number(bufferMemory) }),
    logLevel: output.includes('[Debug]') ? 'debug' : output.includes('[Info]') ? 'info' : 'less',
    localMode: !output.includes('Get instance id metadata failed'),
  };
}

test.skipIf(reference === undefined)(
  `test/fakes/command-lines.ts is what the reference daemon does${reason}`,
  async () => {
    const wrong: unknown[] = [];
    for (const { args, env = {}, reference: expected } of COMMAND_LINES) {
      const found = outcomeOf(
        await start([reference!], ['-o', ...ADDRESSES, ...args], env, /Starting proxy http server/),
      );
      if (
        !Object.entries(expected).every(([name, value]) => found[name as keyof Outcome] === value) ||
        ('exit' in found && !('exit' in expected))
      ) {
        wrong.push({ args, env, expected, found });
      }
    }
    expect(wrong).toEqual([]);
  },
  600_000,
);

test.skipIf(reference === undefined)(
  `test/fakes/config-files.ts is what the reference daemon does${reason}`,
  async () => {
    const wrong: unknown[] = [];
    for (const { text, option, value, isRefused, differs } of CONFIG_FILES) {
      const file = join(scope.folder(), 'cfg.yaml');
      writeFileSync(file, text);
      const args = [
        ...ADDRESSES,
        ...(option === 'localMode' ? [] : ['-o']),
        ...(option === 'logLevel' ? [] : ['-l', 'dev']),
        '-c',
        file,
      ];
      const report = await start([reference!], args, {}, /Starting proxy http server/);
      const found = outcomeOf(report);
      const isRight = (): boolean => {
        if (isRefused === true) return report.exit === 1;
        if (report.exit !== undefined) return false;
        if (differs !== undefined || option === 'concurrency') return true;
        if (option === 'resourceArn')
          return report.output.includes(`ARN of the AWS resource running the daemon: ${value ?? ''}\n`);
        if (option === 'localMode') return (found as { localMode: boolean }).localMode === (value ?? false);
        if (option === 'bufferMemory')
          return value === undefined || (found as { bufferMemory: number }).bufferMemory === value;
        if (option === 'logLevel')
          return (found as { logLevel: string }).logLevel === (value === 'dev' ? 'debug' : 'less');
        return (found as { region?: string }).region === (value ?? 'us-east-1');
      };
      if (!isRight()) wrong.push({ text: text.toString(), option, value, isRefused, found });
    }
    expect(wrong).toEqual([]);
  },
  600_000,
);

test.skipIf(reference === undefined)(
  `each of these command lines exits, or runs, as a process too${reason}`,
  async () => {
    const wrong: unknown[] = [];
    for (const { args, env = {}, reference: theirs, ours = theirs } of COMMAND_LINES) {
      const found = await start(
        PROGRAM,
        ['-o', ...ADDRESSES, ...args],
        { XRAYD_HTTP_ADDRESS: 'off', ...env },
        /xrayd is ready/,
        'logLevel' in ours && ours.logLevel === 'less' ? 5_000 : 25_000,
      );
      if (found.exit !== ('exit' in ours ? ours.exit : undefined)) wrong.push({ args, env, ours, found });
    }
    expect(wrong).toEqual([]);
  },
  600_000,
);
