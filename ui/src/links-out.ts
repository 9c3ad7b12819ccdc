import type { LinkTemplate } from './settings.ts';

/** The placeholders that a template may contain, in braces, and the value that replaces each of them. */
export const PLACEHOLDERS = {
  trace_id: 'the trace ID as X-Ray writes it',
  trace_id_hex: 'the trace ID as 32 hex digits',
  span_id: 'the ID of the selected span, or of the root',
  service: 'the service of that span',
  start_ms: 'a minute before the trace began, in ms since 1970',
  end_ms: 'a minute after it ended',
  region: 'the AWS region of the segment',
  log_group: 'the first log group of the segment',
  log_group_console: 'the first log group, encoded as in addresses of the CloudWatch console',
} as const;
export type Placeholder = keyof typeof PLACEHOLDERS;

/** Values of placeholders; a link whose placeholders have no value is not shown. */
export interface LinkValues {
  readonly named: Readonly<Partial<Record<Placeholder, string>>>;
  readonly annotations: Readonly<Record<string, unknown>>;
}

const PLACEHOLDER = /\{([a-z_]+)(?:\.([^{}"]+))?\}/g;
/** The origin is part of the template: data of a trace must not decide where a link leads. */
const ORIGIN = /^https?:\/\/[^/?#{}\s\\@]+(?=[/?#]|$)/i;

/** Templates to start from. */
export const READY_MADE: readonly LinkTemplate[] = [
  {
    name: 'Loki',
    url: 'http://localhost:3000/explore?schemaVersion=1&orgId=1&panes={"logs":{"datasource":"loki","queries":[{"refId":"A","expr":"{service_name=~\\".%2B\\"} |~ \\"{trace_id}|{trace_id_hex}\\""}],"range":{"from":"{start_ms}","to":"{end_ms}"}}}',
  },
  {
    name: 'CloudWatch Logs',
    url: 'https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{log_group_console}/log-events$3FfilterPattern$3D$2522{trace_id}$2522$26start$3D{start_ms}$26end$3D{end_ms}',
  },
];

/** Why a template cannot be used; undefined if it can. */
export function templateProblem({ name, url }: LinkTemplate): string | undefined {
  if (name.trim() === '') return 'The link needs a name.';
  if (!/^https?:\/\//i.test(url)) return 'The address must begin with http:// or https://.';
  if (!ORIGIN.test(url)) return 'The host must be part of the address: it cannot have a placeholder or a user name.';
  for (const [whole, word = '', key] of url.matchAll(PLACEHOLDER)) {
    const isKnown = key === undefined ? Object.hasOwn(PLACEHOLDERS, word) : word === 'annotation';
    if (!isKnown) return `${whole} is not a placeholder.`;
  }
  return URL.canParse(url) ? undefined : 'This is not an address.';
}

/** The address of a link, whose values are encoded; undefined if a value is missing or the template cannot be used. */
export function linkHref(template: LinkTemplate, { named, annotations }: LinkValues): string | undefined {
  if (templateProblem(template) !== undefined) return undefined;
  let isMissing = false;
  const filled = template.url.replaceAll(PLACEHOLDER, (_, word: string, key?: string) => {
    const value = key === undefined ? own(named, word) : own(annotations, key);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') isMissing = true;
    // The console decodes its addresses itself.
    return word === 'log_group_console' ? String(value) : encodeURIComponent(wellFormed(String(value)));
  });
  return isMissing || !URL.canParse(filled) ? undefined : new URL(filled).href;
}

function own(values: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/** Without half characters, which cannot be encoded. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

/** As the CloudWatch console writes a name in its addresses: encoded twice, with $ instead of %. */
export function consoleName(name: string): string {
  return encodeURIComponent(encodeURIComponent(wellFormed(name))).replaceAll('%', '$');
}
