import * as xray from '@aws-sdk/client-xray';
import { OPERATIONS, type OperationName } from '../../src/formats/xray/operations.ts';
import { DaemonProcess } from './daemon-process.ts';
import type { Scope } from './scope.ts';
import { call, segmentJson, sub, type Part } from './traces.ts';

/** The answer to a call without an SDK. */
export interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A local X-Ray, and AWS's SDK as its client. */
export class LocalXRay {
  readonly daemon: DaemonProcess;
  readonly client: xray.XRayClient;
  /** The start of its traces, in seconds since the epoch. */
  readonly now = Date.now() / 1000;
  /** A range of ten minutes before and after. */
  readonly range = { StartTime: new Date((this.now - 600) * 1000), EndTime: new Date((this.now + 600) * 1000) };
  #traces = 0;

  private constructor(daemon: DaemonProcess, token: string) {
    this.daemon = daemon;
    const credentials = { accessKeyId: token, secretAccessKey: 'any' };
    this.client = new xray.XRayClient({ endpoint: daemon.tcpUrl, region: 'eu-west-1', credentials, maxAttempts: 1 });
  }

  /** A local X-Ray that is stopped at the end of the test. */
  static async of(scope: Scope, ...args: string[]): Promise<LocalXRay> {
    const local = await LocalXRay.start(...args);
    scope.add(() => local.stop());
    return local;
  }

  static async start(...args: string[]): Promise<LocalXRay> {
    return LocalXRay.startIn({}, ...args);
  }

  static async startIn(env: Record<string, string>, ...args: string[]): Promise<LocalXRay> {
    const token = args.includes('--token') ? args[args.indexOf('--token') + 1]! : 'any';
    const daemon = new DaemonProcess({
      args: ['local', '--region', 'eu-west-1', '--account-id', '123456789012', ...args],
      env,
    });
    return new LocalXRay(await daemon.ready(), token);
  }

  /** Forgets all traces, so that the next test finds none. */
  async clear(): Promise<void> {
    const { status } = await fetch(`${this.daemon.tcpUrl}/api/clear`, { method: 'POST', body: '{}' });
    if (status !== 200) throw new Error(`HTTP ${status}`);
  }

  /** `host:port` of its API, for `--api`. */
  get api(): string {
    return this.daemon.tcpUrl.replace('http://', '');
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.client.destroy();
    await this.daemon.stop(signal);
  }

  /** Calls without an SDK, which would check the members before sending them. */
  async ask(operation: OperationName, body: object): Promise<Answered> {
    const answer = await fetch(this.daemon.tcpUrl + OPERATIONS[operation].path, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      type: answer.headers.get('x-amzn-errortype'),
      text,
      json: JSON.parse(text) as Record<string, unknown>,
    };
  }

  nextTraceId(): string {
    return `1-${Math.floor(this.now).toString(16)}-${(++this.#traces).toString(16).padStart(24, '0')}`;
  }

  /** Sends a trace of a web request that calls orders, which uses a table; resolves with its ID. */
  async putTrace(members: Part = {}): Promise<string> {
    const { now } = this;
    const trace = { trace_id: this.nextTraceId() };
    const at = { start_time: now, end_time: now + 1 };
    const orders = call('orders', { ...at, end_time: now + 0.75 });
    const table = sub('DynamoDB', { ...at, namespace: 'aws', aws: { operation: 'GetItem', table_name: 'orders' } });
    const http = { request: { url: 'http://shop/', method: 'GET' }, response: { status: 200 } };
    const documents = [
      segmentJson('web', { ...trace, ...at, http, subsegments: [orders], ...members }),
      segmentJson('orders', { ...trace, ...at, end_time: now + 0.7, parent_id: orders.id, subsegments: [table] }),
    ].map((document) => JSON.stringify(document));
    const { UnprocessedTraceSegments: refused = [] } = await this.client.send(
      new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }),
    );
    if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
    return trace.trace_id;
  }

  /** Name and message of the error that answers a command. */
  async errorOf(command: object): Promise<[string, string]> {
    try {
      await this.client.send(command as xray.GetGroupsCommand);
    } catch (error) {
      const { name, message } = error as Error;
      return [name, message];
    }
    throw new Error('it was answered');
  }
}
