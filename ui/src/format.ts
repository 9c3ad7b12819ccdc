import { duration } from '../../src/trace/duration.ts';
import { settings } from './settings.ts';
import { decodedUrl } from './visible.ts';
import { dateOf, nowSeconds as wallSeconds } from './wall-clock.ts';

export { duration };

/** Like `duration`, for axis labels: 1 s, not 1.00 s. */
export function tick(seconds: number): string {
  return duration(seconds)
    .replace(/(\.\d*?)0+(?= )/, '$1')
    .replace(/\.(?= )/, '');
}

const THOUSANDS = new Intl.NumberFormat('en-US');

export function count(value: number): string {
  return THOUSANDS.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 18.4 for 18.4 MB. A MB is 1,048,576 bytes, as in the options (src/pipeline/units.ts). */
export function megabytes(bytes: number): string {
  const mb = bytes / (1024 * 1024);
  return mb >= 100 ? count(Math.round(mb)) : mb.toFixed(1);
}

export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  if (share < 1 && share > 0.99) return '> 99 %';
  return `${Math.round(share * 100)} %`;
}

/**
 * Time of day to the millisecond, with the date if it is not today; or relative, if that was chosen in the settings.
 */
export function clock(seconds: number, { nowSeconds = wallSeconds() }: { nowSeconds?: number } = {}): string {
  if (settings.value.times === 'relative') return ago(seconds, nowSeconds);
  return absolute(seconds, nowSeconds);
}

export function absolute(seconds: number, nowSeconds = wallSeconds()): string {
  const date = dateOf(seconds);
  const time = `${partsOf(date).time}.${String(Math.floor((((seconds * 1000) % 1000) + 1000) % 1000)).padStart(3, '0')}`;
  return partsOf(date).day === partsOf(dateOf(nowSeconds)).day ? time : `${partsOf(date).day} ${time}`;
}

/** Like `absolute`, to the second. */
export function absoluteSecond(seconds: number, nowSeconds = wallSeconds()): string {
  return absolute(seconds, nowSeconds).replace(/\.\d+$/, '');
}

/**
 * Labels for a few times on an axis: with the day if not all are today, with milliseconds if they are close together.
 */
export function timeTicks(times: readonly number[], nowSeconds = wallSeconds()): string[] {
  const days = times.map((time) => partsOf(dateOf(time)).day);
  const isShort = Math.max(...times) - Math.min(...times) < 10;
  return times.map((time, i) => {
    const text = isShort ? absolute(time, time) : absoluteSecond(time, time);
    if (days.some((day) => day !== days[0])) return `${days[i]} ${text.slice(0, 5)}`;
    return i === 0 && days[0] !== partsOf(dateOf(nowSeconds)).day ? `${days[0]} ${text}` : text;
  });
}

/** With the time zone, for text that may be read later or elsewhere. */
export function fullTime(seconds: number): string {
  return dateOf(seconds).toISOString();
}

export function ago(seconds: number, nowSeconds = wallSeconds()): string {
  const passed = nowSeconds - seconds;
  if (passed < 1) return 'now';
  if (passed < 60) return `${Math.floor(passed)} s ago`;
  if (passed < 3_600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86_400) return `${Math.floor(passed / 3_600)} h ago`;
  return `${Math.floor(passed / 86_400)} d ago`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(date: Date): { day: string; time: string } {
  const zone = settings.value.zone === 'utc' ? 'UTC' : undefined;
  const key = zone ?? 'local';
  let format = formats.get(key);
  if (format === undefined) {
    const options = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    } as const;
    format = new Intl.DateTimeFormat('en-GB', {
      ...options,
      hourCycle: 'h23',
      ...(zone === undefined ? {} : { timeZone: zone }),
    });
    formats.set(key, format);
  }
  const found: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(date)) found[type] = value;
  return {
    day: `${found['year']}-${found['month']}-${found['day']}`,
    time: `${found['hour']}:${found['minute']}:${found['second']}`,
  };
}

/** Shortens text whose end matters, such as a URL, to `most` characters with … in the middle. */
export function middle(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 2);
  return `${text.slice(0, most - end - 1)}…${text.slice(-end)}`;
}

/** The distinguishing part of an ARN or URL: the name of a topic, a queue, a function. */
export function shortName(name: string): string {
  if (!/^(arn:|https?:\/\/)/.test(name)) return name;
  return (
    name
      .split(/[:/]/)
      .filter((part) => part !== '')
      .at(-1) ?? name
  );
}

/** Decoded path and query of a URL; the whole text if it is not a URL. */
export function pathOf(url: string): string {
  if (!URL.canParse(url)) return decodedUrl(url);
  const { pathname, search } = new URL(url);
  return decodedUrl(pathname + search);
}
