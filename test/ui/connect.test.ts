import './browser-globals.ts';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { waysTo, written } from '../../ui/src/connect/forms.ts';

test('shows one address if both protocols use one port, as the SDKs expect', () => {
  const [sdk] = waysTo({ udp: '127.0.0.1:2000', tcpPort: '2000' }, 'shell', 0);
  expect(sdk!.variables).toEqual({ AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000' });
});

test('does not show an all-interfaces address to clients', () => {
  for (const udp of ['0.0.0.0:2000', '[::]:2000']) {
    const ways = waysTo({ udp, tcpPort: '2000' }, 'shell', 0);
    expect(ways.flatMap(({ variables }) => Object.values(variables ?? {})).join(' ')).not.toMatch(/0\.0\.0\.0|\[::\]/);
  }
});

test('quotes any value for the shell, PowerShell and YAML', () => {
  const value = `it's "quoted" $HOME: #1`;
  expect(written({ A: value }, 'shell')).toBe(`export A='it'\\''s "quoted" $HOME: #1'`);
  expect(written({ A: value }, 'powershell')).toBe(`$env:A = 'it''s "quoted" $HOME: #1'`);
  expect(parse(written({ A: value }, 'compose'))).toEqual({ environment: { A: value } });
});

test('configurations are valid YAML', () => {
  const ways = waysTo({ udp: '127.0.0.1:2000', tcpPort: '2001' }, 'compose', 0);
  for (const { title, lines, variables } of ways) {
    if (variables !== undefined)
      expect(Object.keys(parse(written(variables, 'compose')) as object), title).toEqual(['environment']);
    else if (lines![0]!.endsWith(':')) expect(parse(lines!.join('\n')), title).toBeTypeOf('object');
  }
});
