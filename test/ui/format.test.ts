import './browser-globals.ts';
import { expect, test } from 'vitest';
import {
  absolute,
  ago,
  clock,
  duration,
  fullTime,
  megabytes,
  middle,
  pathOf,
  percent,
  shortName,
  tick,
  timeTicks,
} from '../../ui/src/format.ts';

test.each([
  [0, '0 ms'],
  [0.000812, '812 µs'],
  [0.0000004, '0.40 µs'],
  [0.00401, '4.01 ms'],
  [0.0382, '38.2 ms'],
  [0.184, '184 ms'],
  [0.99951, '1.00 s'],
  [1.284, '1.28 s'],
  [12.34, '12.3 s'],
  [59.96, '1 min'],
  [125, '2 min 5 s'],
  [3_600, '1 h'],
  [3 * 3_600 + 20 * 60, '3 h 20 min'],
  [4 * 86_400 + 2 * 3_600, '4 d 2 h'],
  [-0.05, '−50.0 ms'],
  [Infinity, '–'],
])('%s s is %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([1.79e12, 1.79e15, 1.79e18, 1e300, -1e300, NaN, 0])('formats %s as a date, not as an error', (seconds) => {
  for (const text of [absolute(seconds), clock(seconds), fullTime(seconds)]) expect(text).toMatch(/\d/);
});

test('a scale shows no trailing zeros', () => {
  expect([0.01, 1, 10, 0.25, 2.5].map(tick)).toEqual(['10 ms', '1 s', '10 s', '250 ms', '2.5 s']);
});

test('a time scale shows the day if it is not today, and on each tick if it spans several days', () => {
  const noon = new Date(2026, 10, 25, 12).getTime() / 1000;
  const ticks = (seconds: number, now: number) => timeTicks([noon, noon + seconds / 2, noon + seconds], now);
  expect(ticks(600, noon + 900)).toEqual(['12:00:00', '12:05:00', '12:10:00']);
  expect(ticks(600, noon + 3 * 86_400)).toEqual(['2026-11-25 12:00:00', '12:05:00', '12:10:00']);
  expect(ticks(2, noon + 900)).toEqual(['12:00:00.000', '12:00:01.000', '12:00:02.000']);
  expect(ticks(86_400, noon + 86_400)).toEqual(['2026-11-25 12:00', '2026-11-26 00:00', '2026-11-26 12:00']);
});

test('a share shows 0 % or 100 % only if it is exact', () => {
  expect([0, 0.0001, 0.384, 0.9999, 1].map(percent)).toEqual(['0 %', '< 1 %', '38 %', '> 99 %', '100 %']);
});

test('shortens long texts in the middle', () => {
  expect(middle('short', 10)).toBe('short');
  expect(middle('/usr/lib/python3.11/site-packages/flask/app.py', 21)).toBe('/usr/lib/p…ask/app.py');
});

test('paths, names of topics and queues', () => {
  expect(pathOf('https://shop.example/a?b=1')).toBe('/a?b=1');
  expect(pathOf('/relative')).toBe('/relative');
  expect(pathOf('https://shop.example/%D0%B7%D0%B0?q=%C3%A9')).toBe('/за?q=é');
  expect(shortName('arn:aws:sns:us-east-1:1:order-created')).toBe('order-created');
  expect(shortName('https://sqs.us-east-1.amazonaws.com/1/jobs')).toBe('jobs');
  expect(shortName('db@host:5432')).toBe('db@host:5432');
});

test('formats ages and sizes', () => {
  expect([100, 99.5, 70, 40, -3_600, -90_000].map((at) => ago(at, 100))).toEqual([
    'now',
    'now',
    '30 s ago',
    '1 min ago',
    '1 h ago',
    '1 d ago',
  ]);
  expect([18.4 * 1024 * 1024, 1024 ** 3].map(megabytes)).toEqual(['18.4', '1,024']);
});
