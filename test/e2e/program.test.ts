import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BUNDLE } from '../fakes/program.ts';

test('the code that starts on every node has no part of the local X-Ray', () => {
  const packed = /^function daemon\(\) \{\/\*([\w+/=]+)\*\/\}$/m.exec(readFileSync(BUNDLE, 'utf8'))?.[1] ?? '';
  const light = brotliDecompressSync(Buffer.from(packed, 'base64')).toString();
  expect(light.includes('src/compose/daemon.ts')).toBe(true);
  expect(/(node_modules\/(fastify|ajv)|src\/(api|compose\/local)\b).*/.exec(light)?.[0].slice(0, 100)).toBeUndefined();
});

test('the image has the major version of Node that everything is tested and measured with', () => {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const major = devDependencies['node']?.split('.')[0];
  for (const file of ['Dockerfile', 'scripts/release-step.ts'])
    expect(readFileSync(file, 'utf8'), file).toMatch(`gcr.io/distroless/nodejs${major}-debian13:nonroot`);
});
