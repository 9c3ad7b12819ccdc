import { sumOf, type Snapshot } from '../pipeline/accounting.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import type { Component } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import { namesOf, tableOf } from '../pipeline/list.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { Environment } from '../pipeline/environment.ts';
import { readInstanceMetadata } from './imds.ts';
import { OPERATIONS } from '../formats/xray/operations.ts';
import { isXRaysAnswer } from './output-shape.ts';
import type { PermissionHints } from './permissions.ts';
import { noErrors, type ConnectionErrors, type XRayApi } from './xray-api.ts';

/**
 * As in the reference daemon: one record a minute, 30 kept, 10 per call, none before the first segment. Source: 3.6.6,
 * pkg/telemetry.
 */
const INTERVAL_MS = 60_000;
const MAX_KEPT = 30;
const MAX_PER_CALL = 10;

/** Source: the TelemetryRecord shape of the X-Ray model. */
interface TelemetryRecord {
  readonly BackendConnectionErrors: ConnectionErrors;
  readonly SegmentsReceivedCount: number;
  readonly SegmentsRejectedCount: number;
  readonly SegmentsSentCount: number;
  readonly SegmentsSpilloverCount: number;
  readonly Timestamp: number;
}

export interface TelemetryReporterConfig {
  readonly resourceArn: string;
  /** -o: do not ask instance metadata for the identity of this machine. */
  readonly isLocalMode: boolean;
}

export interface TelemetryReporterDeps {
  readonly api: XRayApi;
  readonly hints: PermissionHints;
  readonly snapshot: () => Snapshot;
  readonly env: Environment;
  readonly log: Logger;
}

/**
 * Reports to X-Ray once a minute how many segments were received, sent and lost (PutTelemetryRecords). Failures are
 * ignored.
 */
export class TelemetryReporter implements Component {
  readonly name = 'telemetry records';
  readonly #config: TelemetryReporterConfig;
  readonly #deps: TelemetryReporterDeps;
  readonly #records: TelemetryRecord[] = [];
  #last = { received: 0, rejected: 0, sent: 0, dropped: 0 };
  #lastErrors: ConnectionErrors = noErrors();
  #machine: Promise<{ instanceId: string; hostname: string }> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: TelemetryReporterConfig, deps: TelemetryReporterDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#report(AbortSignal.timeout(INTERVAL_MS)), INTERVAL_MS);
    this.#timer.unref();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!deadline.aborted) await this.#report(AbortSignal.any([deadline, AbortSignal.timeout(2_000)]));
  }

  async #report(signal: AbortSignal): Promise<void> {
    this.#addRecord();
    while (this.#records.length > 0) {
      const records = this.#records.slice(0, MAX_PER_CALL);
      if (!(await this.#put(records, signal))) return;
      this.#records.splice(0, records.length);
    }
  }

  #addRecord(): void {
    const snapshot = this.#deps.snapshot();
    if (snapshot.received === 0) return;
    const now = {
      received: snapshot.received,
      rejected: sumOf(snapshot.rejected) + sumOf(snapshot.unprocessed),
      sent: snapshot.sent,
      dropped: sumOf(snapshot.dropped),
    };
    const last = this.#last;
    const errors = { ...this.#deps.api.errors };
    this.#records.push({
      BackendConnectionErrors: difference(errors, this.#lastErrors),
      SegmentsReceivedCount: now.received - last.received,
      SegmentsRejectedCount: now.rejected - last.rejected,
      SegmentsSentCount: now.sent - last.sent,
      SegmentsSpilloverCount: now.dropped - last.dropped,
      Timestamp: Math.floor(wallClockMs() / 1000),
    });
    this.#last = now;
    this.#lastErrors = errors;
    if (this.#records.length > MAX_KEPT) this.#records.shift();
  }

  async #put(records: readonly TelemetryRecord[], signal: AbortSignal): Promise<boolean> {
    const { api, hints, log } = this.#deps;
    this.#machine ??= this.#identify();
    const { instanceId, hostname } = await this.#machine;
    // The reference daemon writes "" for unknown values, and the members in this order.
    const body = {
      EC2InstanceId: instanceId,
      Hostname: hostname,
      ResourceARN: this.#config.resourceArn,
      TelemetryRecords: records,
    };
    const answer = await api.call({
      target: OPERATIONS.PutTelemetryRecords.path,
      body: Buffer.from(JSON.stringify(body)),
      headers: api.sdkHeaders(),
      signal,
    });
    hints.check(OPERATIONS.PutTelemetryRecords.path, answer);
    const isTaken =
      answer.kind === 'answer' &&
      answer.status === 200 &&
      isXRaysAnswer(OPERATIONS.PutTelemetryRecords.path, api.url, answer);
    if (!isTaken)
      log.debug(
        { outcome: answer.kind === 'answer' ? answer.status : answer.kind },
        'telemetry records were not accepted',
      );
    return isTaken;
  }

  async #identify(): Promise<{ instanceId: string; hostname: string }> {
    const { env, log } = this.#deps;
    const known = { instanceId: env['AWS_INSTANCE_ID'] ?? '', hostname: env['AWS_HOSTNAME'] ?? '' };
    if (this.#config.isLocalMode || (known.instanceId !== '' && known.hostname !== '')) return known;
    try {
      const [instanceId = '', hostname = ''] = await readInstanceMetadata(
        ['meta-data/instance-id', 'meta-data/hostname'],
        env,
      );
      return { instanceId: known.instanceId || instanceId, hostname: known.hostname || hostname };
    } catch (error) {
      // Fargate and most pods have no instance metadata: not an error.
      log.debug({ reason: messageOf(error) }, 'no instance ID for the telemetry records');
      return known;
    }
  }
}

function difference(now: ConnectionErrors, then: ConnectionErrors): ConnectionErrors {
  return tableOf(namesOf(now), (name) => now[name] - then[name]);
}
