import { expect, test } from 'vitest';
import { originForm } from '../../src/http/origin-form.ts';

test.each([
  ['/GetSamplingRules', '/GetSamplingRules'],
  ['http://localhost:2000/GetSamplingRules', '/GetSamplingRules'],
  ['HTTPS://LOCALHOST/GetSamplingRules?a=http://b/c', '/GetSamplingRules?a=http://b/c'],
  ['http://localhost', '/'],
  ['http://localhost?a', '/?a'],
  ['//localhost/GetSamplingRules', '//localhost/GetSamplingRules'],
  ['ftp://localhost/GetSamplingRules', 'ftp://localhost/GetSamplingRules'],
  ['*', '*'],
])('the request target %s asks for %s', (target, path) => {
  expect(originForm(target)).toBe(path);
});
