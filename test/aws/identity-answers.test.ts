import { expect, test } from 'vitest';
import { metadataValue, regionOf, regionOfTask, usableCredentials } from '../../src/aws/identity-answers.ts';

test.each(['us-east-1', 'i-0123456789abcdef0', 'ip-10-0-0-1.ec2.internal', 'AQAAAFGwO_5KlSv7U2SH+/==', ' eu-west-1\n'])(
  '%j is a value of instance metadata',
  (text) => {
    expect(metadataValue(text)).toBe(text.trim());
  },
);

test.each([
  '',
  ' ',
  '<html>',
  '<!DOCTYPE html>\n<title>Sign in</title>',
  '{"region":"us-east-1"}',
  '"us-east-1"',
  'us east',
  'a\nb',
  'a\u0000',
  'é',
  'x'.repeat(256),
])('refuses %j, which may come from a portal', (text) =>
  expect(() => metadataValue(text)).toThrow('the response is not instance metadata'),
);

test.each([
  [undefined, undefined],
  ['', undefined],
  ['us-east-1', 'us-east-1'],
  ['us-gov-west-1', 'us-gov-west-1'],
  ['eusc-de-east-1', 'eusc-de-east-1'],
])('the region %j is %j', (value, region) => expect(regionOf(value)).toBe(region));

test.each(['US-EAST-1', '-a', 'a-', 'a.b', 'a/b', 'evil.example#', 'x'.repeat(64), 7, {}])(
  '%j is not a region',
  (value) => {
    expect(() => regionOf(value)).toThrow('which is not a region');
  },
);

test('reads a task’s region from its ARN, and reports anything that is not an ARN', () => {
  expect(regionOfTask({ TaskARN: 'arn:aws:ecs:us-west-2:123456789012:task/a' })).toBe('us-west-2');
  for (const metadata of [{}, null, 'x', [], { TaskARN: null }]) expect(regionOfTask(metadata)).toBeUndefined();
  for (const TaskARN of [7, {}, 'task', ['arn:aws:ecs:us-west-2:1:task/a']])
    expect(() => regionOfTask({ TaskARN })).toThrow('not from ECS');
  expect(() => regionOfTask({ TaskARN: 'arn:aws:ecs:<html>:1:task/a' })).toThrow('which is not a region');
});

const GOOD = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret/+=',
  sessionToken: 'token',
  expiration: new Date(0),
};

test.each([
  GOOD,
  { accessKeyId: 'test', secretAccessKey: 'test' },
  { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: '' },
])('%j can be used to sign', (given) => expect(usableCredentials(given)).toBe(given));

test.each<[string, object, string]>([
  ['nothing', {}, 'there is no access key id'],
  ['no secret', { accessKeyId: 'AKIDEXAMPLE' }, 'there is no secret access key'],
  ['an empty secret', { ...GOOD, secretAccessKey: '' }, 'there is no secret access key'],
  ['HTML', { ...GOOD, accessKeyId: '<html>\n<body>' }, 'its access key id has invalid characters'],
  [
    'a key of a file that ends with a line break',
    { ...GOOD, accessKeyId: `${GOOD.accessKeyId}\n` },
    'its access key id begins or ends with a blank or a line break',
  ],
  ['a secret with a line break', { ...GOOD, secretAccessKey: 'a\nb' }, 'its secret access key has invalid characters'],
  [
    'a token that would end a header',
    { ...GOOD, sessionToken: 'a\r\nx: y' },
    'its session token has invalid characters',
  ],
  ['a token that is a number', { ...GOOD, sessionToken: 7 }, 'there is no session token'],
  ['a date that is none', { ...GOOD, expiration: new Date('never') }, 'its expiration is not a date'],
  ['a date as text', { ...GOOD, expiration: '2026-11-23' }, 'its expiration is not a date'],
])('refuses %s as credentials, without showing any of it', (_what, given, problem) => {
  expect(() => usableCredentials(given as typeof GOOD)).toThrow(
    `the provider returned invalid credentials: ${problem}`,
  );
  try {
    usableCredentials(given as typeof GOOD);
  } catch (error) {
    for (const value of Object.values(given))
      if (typeof value === 'string' && value !== '') expect(String(error)).not.toContain(value);
  }
});
