/** The shapes of an option; the options are in schema.ts. */
export type OptionGroup = 'Daemon' | 'X-Ray' | 'Receiving' | 'Sending' | 'Operating' | 'Local X-Ray' | 'Other';

interface OptionBase {
  readonly group: OptionGroup;
  /** Long flag, without dashes. */
  readonly flag: string;
  readonly short?: string;
  /** Path in cfg.yaml. */
  readonly fileKey?: string;
  /** AWS's or the system's own variables, first set one wins; they rank below cfg.yaml. */
  readonly sharedEnv?: readonly string[];
  readonly help: string;
  /** What the docs say where the default depends on the machine. */
  readonly defaultText?: string;
  /** `cli`: exists on the command line only, not as XRAYD_*. */
  readonly only?: 'cli';
}

export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly default: string;
  readonly choices?: readonly string[];
  /** `address` is host:port; `url` may be given without a scheme. */
  readonly form?: 'address' | 'url' | 'list';
  readonly placeholder?: string;
}
export interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}
export interface SwitchOption extends OptionBase {
  readonly kind: 'switch';
  readonly default: boolean;
}
export type OptionSpec = TextOption | NumberOption | SwitchOption;

export type OptionValue = string | number | boolean;

/** XRAYD_BUFFER_MEMORY for `buffer-memory`; undefined for what exists on the command line only. */
export function envNameOf(spec: OptionSpec): string | undefined {
  return spec.only === 'cli' ? undefined : `XRAYD_${spec.flag.toUpperCase().replaceAll('-', '_')}`;
}
