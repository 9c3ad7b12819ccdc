import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BUNDLE } from '../fakes/program.ts';

test('the code that starts on every node has no part of the local X-Ray', () => {
  const text = readFileSync(BUNDLE, 'utf8');
  const light = text.slice(0, text.indexOf('\nfunction wholeProgram()'));
  expect(light.includes('src/compose/daemon.ts')).toBe(true);
  expect(/(node_modules\/(fastify|ajv)|src\/(api|compose\/local)\b).*/.exec(light)?.[0].slice(0, 100)).toBeUndefined();
});
