/** Sections of the config file that are not profiles. */
const OTHER_SECTION = /^(sso-session|services) /;
/** The SDK does not accept this as a profile name; it would discard the whole file. */
const NO_NAME = '__proto__';

/** Settings that name the credentials with which a profile's role is assumed. */
const ROLE_SOURCES = ['source_profile', 'credential_source', 'web_identity_token_file'];
const KEYS = ['aws_access_key_id', 'aws_secret_access_key'];
const OWN_CREDENTIALS = ['aws_access_key_id', 'credential_process', 'sso_session', 'sso_start_url', 'login_session'];
/** Prefix of a generated profile: the settings of a profile without its role. */
const OWN = 'without-role-of:';
/**
 * Names that the SDK for JavaScript reads as they are; of `[my team]` it takes the first word for something else, and
 * leaves out the section.
 */
const PLAIN_NAME = /^[\w@+.:/-]+$/;

/** Separates the name of a setting from that of a nested one, as below `s3 =`; no name contains it. */
const BELOW = '\n';

/** A profile's settings by their names in lower case. */
export type Settings = ReadonlyMap<string, string>;

interface Section {
  readonly settings: Map<string, string>;
  /** In the config file, a section without the prefix `profile` is not a profile, except `default`. */
  readonly isNamedProfile: boolean;
}

/** The combined contents of the shared config and credentials files. */
export class Profiles {
  readonly #profiles: ReadonlyMap<string, Settings>;
  readonly #others: ReadonlyMap<string, Settings>;

  private constructor(profiles: ReadonlyMap<string, Settings>, others: ReadonlyMap<string, Settings>) {
    this.#profiles = profiles;
    this.#others = others;
  }

  /**
   * Parses the files as the SDK for Go does, which accepts more than the SDK for JavaScript: blanks in `[ default ]`,
   * setting names in capitals, quotes around values, `:` for `=`. Settings in the credentials file take precedence over
   * those in the config file.
   * Source: aws-sdk-go-v2, internal/ini and config/shared_config.go.
   */
  static read(config: string, credentials: string): Profiles {
    const profiles = new Map<string, Map<string, string>>();
    const others = new Map<string, Settings>();
    const inConfig = sectionsOf(config);
    for (const [name, { settings, isNamedProfile }] of inConfig) {
      if (OTHER_SECTION.test(name)) others.set(name, settings);
      // `[profile default]` replaces `[default]`, wherever it is.
      else if (isNamedProfile || (name === 'default' && !inConfig.has('profile default')))
        profiles.set(withoutPrefix(name), new Map(settings));
    }
    for (const [name, { settings, isNamedProfile }] of sectionsOf(credentials)) {
      if (isNamedProfile || OTHER_SECTION.test(name)) continue;
      const profile = profiles.get(name) ?? new Map<string, string>();
      for (const [key, value] of settings) profile.set(key, value);
      profiles.set(name, profile);
    }
    return new Profiles(profiles, others);
  }

  /** undefined if neither file has the profile. */
  settingsOf(profile: string): Settings | undefined {
    return this.#profiles.get(profile);
  }

  /** The endpoint of X-Ray, or of all services, that the profile configures; undefined if there is none. */
  endpointOf(profile: string): string | undefined {
    const settings = this.#profiles.get(profile);
    const services = this.#others.get(`services ${settings?.get('services')}`);
    return services?.get(`xray${BELOW}endpoint_url`) || settings?.get('endpoint_url') || undefined;
  }

  /** Whether the endpoints of AWS's variables and files are not to be used. */
  ignoresEndpoints(profile: string): boolean {
    return this.#profiles.get(profile)?.get('ignore_configured_endpoint_urls')?.toLowerCase() === 'true';
  }

  /** The values of one setting in all profiles. */
  valuesOf(setting: string): string[] {
    return [...this.#profiles.values()].map((settings) => settings.get(setting) ?? '').filter((value) => value !== '');
  }

  /**
   * The profiles as one text that the SDK for JavaScript understands in place of either file. A role without a source
   * is assumed with the profile's own credentials, or else with those of `machine`, as in Go: the SDK for JavaScript
   * would ignore the role.
   * Source: aws-sdk-go-v2, config/resolve_credentials.go.
   */
  text(machine: 'EcsContainer' | 'Ec2InstanceMetadata'): string {
    const profiles = [...this.#profiles].flatMap(([name, settings]): [string, Settings][] => {
      if (!settings.get('role_arn')) return [[name, settings]];
      if (!hasOwnSource(name, settings)) {
        return [
          [
            name,
            ROLE_SOURCES.some((source) => settings.get(source))
              ? settings
              : new Map([...settings, ['credential_source', machine]]),
          ],
        ];
      }
      // Beside keys the other SDK would leave out the role, or where the credentials for it are.
      const role = new Map([...settings].filter(([key]) => !KEYS.includes(key) && key !== 'credential_source'));
      const own = new Map([...settings].filter(([key]) => key !== 'role_arn'));
      return [
        [name, role.set('source_profile', `${OWN}${name}`)],
        [`${OWN}${name}`, own],
      ];
    });
    const others = [...this.#others].map(([name, settings]) => `[${name}]\n${textOf(settings)}`);
    return [...others, ...profiles.map(([name, settings]) => `[${sdkName(name)}]\n${textOf(settings)}`)].join('');
  }
}

/** The name of the selected profile. Source: aws-sdk-go-v2, config/env_config.go. */
export function profileOf(env: Readonly<Record<string, string | undefined>>): string {
  return env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || 'default';
}

/** What `text` calls a profile: the same, unless the SDK for JavaScript could not read it. */
export function sdkName(profile: string): string {
  return PLAIN_NAME.test(profile) ? profile : encodeURIComponent(profile);
}

/**
 * Whether the role is assumed with credentials of the same profile. Keys come before every other source but another
 * profile.
 */
function hasOwnSource(name: string, settings: Settings): boolean {
  const source = settings.get('source_profile');
  if (KEYS.every((key) => settings.get(key)) && (!source || source === name)) return true;
  return (
    !ROLE_SOURCES.some((setting) => settings.get(setting)) && OWN_CREDENTIALS.some((setting) => settings.get(setting))
  );
}

function sectionsOf(text: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  let section: Section | undefined;
  /** The setting whose nested settings are on the following lines. */
  let above = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const name = sectionName(line);
    if (name !== undefined) {
      above = '';
      section = sections.get(name) ?? { settings: new Map(), isNamedProfile: name.startsWith('profile ') };
      if (!name.endsWith(NO_NAME)) sections.set(name, section);
      continue;
    }
    const setting = settingIn(line);
    if (section === undefined || setting === undefined) continue;
    const isIndented = /^\s/.test(line);
    if (isIndented && above !== '') section.settings.set(above + BELOW + setting.key, setting.value);
    else {
      section.settings.set(setting.key, setting.value);
      above = setting.value === '' ? setting.key : '';
    }
  }
  return sections;
}

/**
 * `[ profile  "team" ] # comment` is `profile team`; undefined if the line is not a section header. Quotes are for the
 * other SDKs.
 */
function sectionName(line: string): string | undefined {
  const [head = ''] = line.split(/[#;]/);
  const inside = /^\[(.*)\]$/.exec(head.trim())?.[1];
  if (inside === undefined) return undefined;
  const [, type, name] = /^(\S+)[ \t]+(.+)$/.exec(inside.trim()) ?? [];
  return type === undefined || name === undefined ? inside.trim() : `${type} ${unquoted(name)}`;
}

function settingIn(line: string): { key: string; value: string } | undefined {
  const [text = ''] = line.split(/[ \t][#;]/);
  const [, key, value] = /^([^=:]+)[=:](.*)$/.exec(text.trim()) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return { key: key.trim().toLowerCase(), value: unquoted(value.trim()) };
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}

function withoutPrefix(name: string): string {
  return name.replace(/^profile /, '');
}

function textOf(settings: Settings): string {
  const below = new Map<string, string>();
  for (const [key, value] of settings) {
    const [above = '', name] = key.split(BELOW);
    if (name !== undefined) below.set(above, `${below.get(above) ?? ''}  ${name}=${value}\n`);
  }
  let text = '';
  for (const [key, value] of settings) {
    if (key.includes(BELOW)) continue;
    // Without blanks: a value may begin with the sign of a comment.
    if (value !== '') text += `${key}=${key === 'source_profile' ? sdkName(value) : value}\n`;
    else if (below.has(key)) text += `${key} =\n${below.get(key)}`;
  }
  return text;
}
