import { expect, test } from 'vitest';
import { Routes } from '../../src/proxy/routes.ts';

test('refuses a listed path with a query, and says what to do', () => {
  for (const path of ['/GetSamplingRules', '/TraceSegments']) {
    const message = `xrayd does not forward ${path} with a query. Leave the query out, or start xrayd with --proxy-allow all.`;
    expect(new Routes('').find('POST', `${path}?a=1`)).toMatchObject({ kind: 'refuse', status: 403, message });
    expect(new Routes('all').find('POST', `${path}?a=1`)).toMatchObject({ kind: 'forward' });
  }
});
