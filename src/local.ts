import { parseAddress } from './config/address.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Logger } from './pipeline/logger.ts';
import { Service } from './service.ts';
import { LocalApi } from './xray/api/server.ts';
import { ConsoleExporter } from './xray/console-exporter.ts';

/** A person waits for the trace. */
const BATCH_MAX_AGE_MS = 50;

export interface LocalDeps {
  readonly log: Logger;
  /** Writes to the console. */
  readonly write: (text: string) => void;
  readonly hasColor: boolean;
}

/** The local X-Ray: the same pipeline, with the service itself behind it. No region, no credentials, no network. */
export function buildLocal(loaded: LoadedConfig, { log, write, hasColor }: LocalDeps): Service {
  const { config } = loaded;
  return new Service(loaded, log, ({ onCall, onRequest }) => ({
    maxAgeMs: BATCH_MAX_AGE_MS,
    upstream: [],
    exporter: new ConsoleExporter({ write, hasColor, onCall }),
    credentialsExpireAtMs: () => undefined,
    tcp: (intake) => new LocalApi(parseAddress(config.bindTcp)!, { intake, log, onRequest }),
    watchers: [],
  }));
}
