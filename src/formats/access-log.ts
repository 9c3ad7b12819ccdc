import type { BalancerView } from '../trace/balancer.ts';
import { traceIdIn } from '../trace/trace-id.ts';

/** AWS says to ignore lines of other types. `tls` is a Network Load Balancer's. */
const TYPES: ReadonlySet<string> = new Set(['http', 'https', 'h2', 'grpcs', 'ws', 'wss']);
const START = new RegExp(`(?:^|[\\s:"'])(?:${[...TYPES].join('|')}) \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z? \\S`);
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d+)?)Z?$/;
/** Up to and including the request. AWS keeps adding fields at the end. */
const MIN_FIELDS = 13;

/** Why a line cannot be read as one of an Application Load Balancer's access log. */
export interface LineProblem {
  readonly problem: string;
}

/**
 * A line of an access log of an Application Load Balancer. Fields that the line lacks or that it has as `-` or -1 are
 * undefined; more fields than AWS documents are ignored. Source: AWS, "Access logs for your Application Load Balancer",
 * syntax.
 */
export function readAccessLog(line: string): BalancerView | LineProblem {
  const fields = fieldsOf(line.trim());
  const text = (at: number): string | undefined => (fields[at] === '-' || fields[at] === '' ? undefined : fields[at]);
  const [type = '', time = '', balancer = '', client = ''] = fields;
  if (!TYPES.has(type)) return { problem: otherLog(fields) };
  if (fields.length < MIN_FIELDS) return { problem: `has ${fields.length} fields: it was cut off` };
  const end = secondsOf(time);
  if (end === undefined) return { problem: 'has no time in its second field' };
  const seconds = (at: number): number | undefined => {
    const value = numberIn(text(at));
    return value === undefined || value < 0 ? undefined : value;
  };
  const [method, url] = (text(12) ?? '').split(' ');
  const [cipher, protocol] = [text(14), text(15)];
  const classes = [text(27), text(28)].filter((part) => part !== undefined);
  const header = text(17);
  return {
    type,
    balancer,
    traceId: header === undefined ? undefined : traceIdIn(header),
    start: secondsOf(text(21) ?? ''),
    end,
    client,
    target: text(4),
    requestSeconds: seconds(5),
    targetSeconds: seconds(6),
    responseSeconds: seconds(7),
    status: numberIn(text(8)),
    targetStatus: numberIn(text(9)),
    receivedBytes: numberIn(text(10)),
    sentBytes: numberIn(text(11)),
    method: method === '' || method === '-' ? undefined : method,
    url,
    userAgent: text(13),
    tls: protocol === undefined ? cipher : [protocol, cipher].filter((part) => part !== undefined).join(', '),
    targetGroup: text(16),
    domain: text(18),
    rulePriority: seconds(20),
    actions: text(22),
    redirectUrl: text(23),
    errorReason: text(24),
    classification: classes.length === 0 ? undefined : classes.join(': '),
  };
}

export function isProblem(read: BalancerView | LineProblem): read is LineProblem {
  return 'problem' in read;
}

/** The first line of an access log in a text. Something may precede it, such as the file name that grep prints. */
export function accessLogIn(text: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const found = START.exec(line);
    if (found === null) continue;
    const entry = line.slice(found.index).replace(/^[\s:"']/, '');
    if (!isProblem(readAccessLog(entry))) return entry;
  }
  return undefined;
}

function otherLog(fields: readonly string[]): string {
  const [type = '', second = '', third = ''] = fields;
  if (type === 'tls')
    return 'is from a Network Load Balancer, whose log has no trace IDs. Only access logs of Application Load Balancers have them';
  if (TIME.test(type) && /^[\d.]+$|^[\da-f:]+$/i.test(second) && !second.includes('/'))
    return 'is from a connection log, which has no trace IDs. Pass the access log of the load balancer';
  if (TIME.test(type) && /:\d+$/.test(third))
    return 'is from a Classic Load Balancer, whose log has no trace IDs. Only access logs of Application Load Balancers have them';
  return 'is not from an access log of an Application Load Balancer';
}

/** Fields are separated by blanks. One in quotes ends at a quote before a blank: a user agent may contain quotes. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === ' ' || line[at] === '\t') {
      at++;
      continue;
    }
    let end: number;
    if (line[at] === '"') {
      end = line.indexOf('" ', at + 1);
      if (end < 0) end = line.endsWith('"') && line.length - 1 > at ? line.length - 1 : line.length;
      fields.push(line.slice(at + 1, end));
      at = end + 1;
    } else {
      end = line.indexOf(' ', at);
      if (end < 0) end = line.length;
      fields.push(line.slice(at, end));
      at = end;
    }
  }
  return fields;
}

/** Seconds since the epoch of a time in UTC, with its microseconds. */
function secondsOf(time: string): number | undefined {
  const [, ...parts] = TIME.exec(time) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  if (parts.length === 0 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  // Days since 1970 of the Gregorian calendar, whose years begin in March here, so that a leap day is the last one.
  const years = month < 3 ? year - 1 : year;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const daysOfMonths = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  const days = 365 * years + leapDays + daysOfMonths + day - 1 - 719_468;
  return days * 86_400 + hour * 3_600 + minute * 60 + second;
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined || !/^-?\d+(\.\d+)?$/.test(text) ? undefined : Number(text);
}
