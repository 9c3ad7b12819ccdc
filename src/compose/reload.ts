import type { LoadedConfig } from '../config/load.ts';
import { textOf, type OptionValue } from '../config/option.ts';
import { OPTION_NAMES, SPECS, type OptionName } from '../config/schema.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { ProcessLogger } from '../telemetry/logger.ts';

export interface ReloadDeps {
  /** Reads flags, environment variables and cfg.yaml again. */
  readonly read: () => Promise<LoadedConfig<'daemon'> | LoadedConfig<'local'>>;
  /** Gets new credentials; undefined if none are used. */
  readonly renewCredentials: (() => Promise<void>) | undefined;
  readonly log: ProcessLogger;
}

/**
 * Handles SIGHUP: reopens the log file, applies the log level and new credentials, and logs which other settings
 * changed. An invalid file changes nothing.
 */
export class Reload {
  readonly #deps: ReloadDeps;
  /** In use, or set at the start of the process. */
  #values: Values;
  #running: Promise<void> | undefined;

  constructor(loaded: LoadedConfig<'daemon'> | LoadedConfig<'local'>, deps: ReloadDeps) {
    this.#values = valuesOf(loaded);
    this.#deps = deps;
  }

  /** Runs one reload at a time; never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(): Promise<void> {
    const { read, renewCredentials, log } = this.#deps;
    await log.reopen();
    try {
      const loaded = await read();
      const changed = changesOf(this.#values, valuesOf(loaded)).filter((name) => name !== 'logLevel');
      log.setLevel(loaded.config.logLevel);
      // Settings that need a restart keep their old value, so that the next reload reports them again.
      this.#values = { ...this.#values, logLevel: loaded.config.logLevel };
      const flags = changed.map((name) => `--${SPECS[name].flag}`);
      log.info(
        { logLevel: loaded.config.logLevel, from: loaded.origins.logLevel, needsRestart: flags },
        'reloaded the configuration (SIGHUP)',
      );
      for (const warning of loaded.warnings) log.warn({}, warning);
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'cannot reload the configuration (SIGHUP): the current one stays in use');
    }
    await renewCredentials?.();
  }
}

type Values = Readonly<Partial<Record<OptionName, OptionValue | undefined>>>;

function valuesOf({ config }: { readonly config: object }): Values {
  return config;
}

function changesOf(before: Values, after: Values): OptionName[] {
  return OPTION_NAMES.filter((name) => textOf(before[name]) !== textOf(after[name]));
}
