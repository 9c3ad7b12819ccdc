import { formatAddress, type Address } from '../pipeline/address.ts';
import type { Command } from './commands.ts';
import { UNITS, type Unit } from './units.ts';

/** The kinds of options; the options themselves are in schema.ts. */
/** In display order. */
export const OPTION_GROUPS = ['Receiving', 'X-Ray', 'Sending', 'Operating', 'Local X-Ray', 'Other'] as const;
type OptionGroup = (typeof OPTION_GROUPS)[number];

/** The option is ignored if another one is not set, or is set. */
export interface Dependency {
  /** The other option, by its flag. */
  readonly flag: string;
  /** Whether the option is used only with the other one, or only without it. */
  readonly isSet: boolean;
  /** The only command in which it depends on the other one. */
  readonly command?: Command;
  /** The flag is refused if it is not used. Otherwise, and if the value comes from elsewhere, a warning says so. */
  readonly isFlagRefused?: true;
  /** No warning about a variable, which may be meant for another program. */
  readonly isVariableIgnored?: true;
}

/** Options about AWS, which `local` calls only with --tee. */
export const WITH_TEE: Dependency = {
  flag: 'tee',
  isSet: true,
  command: 'local',
  isFlagRefused: true,
  isVariableIgnored: true,
};

interface OptionBase {
  readonly group: OptionGroup;
  /** The commands that use the option. Others refuse the flag and ignore the variable. */
  readonly commands: readonly Command[];
  readonly dependsOn?: readonly Dependency[];
  /** Long flag, without dashes. */
  readonly flag: string;
  readonly short?: string;
  /** A second one-letter flag, which the reference does not have. */
  readonly otherShort?: string;
  /** Path in cfg.yaml. */
  readonly fileKey?: string;
  /** AWS's or the system's variables; the first one that is set wins. cfg.yaml overrides them. */
  readonly sharedEnv?: readonly string[];
  readonly help: string;
  /** Shown in the docs if the default depends on the machine. */
  readonly defaultText?: string;
  /** `cli`: exists on the command line only, not as XRAYD_*. */
  readonly only?: 'cli';
}

export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly default: string;
  readonly choices?: readonly string[];
  /**
   * `region`, `role`, `account`, `token`: must have that form. `name`, `path`: one line. `hosts`: a list of host names
   * and domains. `calls`: a list of paths of the X-Ray API.
   */
  readonly form?: 'list' | 'traces' | 'hosts' | 'calls' | 'region' | 'role' | 'account' | 'token' | 'name' | 'path';
  /** A word that is not a choice is only a warning, as in the reference. */
  readonly isLenient?: true;
  readonly placeholder?: string;
}
/** `host:port`; the configuration contains it parsed. */
export interface AddressOption extends OptionBase {
  readonly kind: 'address';
  readonly default: Address | 'off' | undefined;
  /** Defaults of the commands that have another one. */
  readonly defaultIn?: Readonly<Partial<Record<Command, Address>>>;
  /**
   * `listen`: an empty host means all interfaces, port 0 a free one. `connect`: an empty host means this machine; port
   * 0 is refused.
   */
  readonly use: 'listen' | 'connect';
  /** The commands in which the value may be `off`. */
  readonly offIn?: readonly Command[];
  /** Also accepts the form of AWS_XRAY_DAEMON_ADDRESS: `tcp:host:port udp:host:port`. */
  readonly isDaemonAddress?: true;
}
/** The configuration contains it parsed. */
export interface UrlOption extends OptionBase {
  readonly kind: 'url';
  readonly default: undefined;
  /** The scheme if there is only `host:port`. */
  readonly scheme: 'http' | 'https';
  /** The value of the flag if nothing, or another flag, follows it. */
  readonly bare?: string;
}
/**
 * `default`, `min` and `max` are in `unit`, as users write them. The configuration has bytes and milliseconds
 * (units.ts), as its names say.
 */
export interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: Unit;
}
export interface SwitchOption extends OptionBase {
  readonly kind: 'switch';
  readonly default: boolean;
}
export type OptionSpec = TextOption | AddressOption | UrlOption | NumberOption | SwitchOption;

export type OptionValue = string | number | boolean | Address | URL;

/** XRAYD_BUFFER_MEMORY for `buffer-memory`; undefined for an option that exists only on the command line. */
export function envNameOf(spec: OptionSpec): string | undefined {
  return spec.only === 'cli' ? undefined : `XRAYD_${spec.flag.toUpperCase().replaceAll('-', '_')}`;
}

/** A value as a person would write it, without the user name and password of a URL. "" if there is none. */
export function textOf(value: OptionValue | undefined): string {
  if (value === undefined) return '';
  if (value instanceof URL) return redactUrl(value.pathname === '/' ? value.href.replace(/\/$/, '') : value.href);
  return typeof value === 'object' ? formatAddress(value) : String(value);
}

/**
 * A value of the configuration as a user would write it for the option: in its unit, without the user name and password
 * of a URL.
 */
export function writtenAs(spec: OptionSpec, value: OptionValue | undefined): string {
  return textOf(spec.kind === 'number' && typeof value === 'number' ? value / UNITS[spec.unit].factor : value);
}

/** The text without the user name and password of a URL. */
export function redactUrl(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@\s]*@/i, '$1***@');
}
