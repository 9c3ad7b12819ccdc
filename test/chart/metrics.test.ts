import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHART } from './tools.ts';

const documented = readFileSync('docs/metrics.md', 'utf8');
/** name → its labels, of the daemon's own catalogue. */
const CATALOGUE = new Map(
  [...documented.matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([^|]*)\|/gm)].flatMap(
    ([, name = '', type = '', labels = '']) => {
      const all = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label);
      const names = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
      return names.map((one) => [one, type === 'histogram' ? [...all, 'le'] : all] as const);
    },
  ),
);
/** What Prometheus and the chart's ServiceMonitor add to each series. */
const ADDED = new Set(['namespace', 'job', 'node', 'instance']);

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly targets: readonly { expr: string; legendFormat: string }[];
}
const alerts = readFileSync(`${CHART}/alerts.yaml`, 'utf8');
const { panels } = JSON.parse(readFileSync(`${CHART}/dashboards/xrayd.json`, 'utf8')) as { panels: Panel[] };
const alertExpressions = [...alerts.matchAll(/expr:(?: \|\n((?: {10,}.*\n)+)| (.*)\n)/g)].map(
  ([, block, line]) => block ?? line ?? '',
);
const panelExpressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('the catalogue is read', () => {
  expect(CATALOGUE.get('xrayd_segments_dropped_total')).toEqual(['reason']);
  expect(CATALOGUE.size).toBeGreaterThan(25);
  expect(alertExpressions).toHaveLength([...alerts.matchAll(/- alert:/g)].length);
});

test.each([...alertExpressions, ...panelExpressions])(
  '%s: uses metrics that exist, and labels that they have',
  (expression) => {
    const metrics = [...expression.matchAll(/\b((?:xrayd|process|nodejs)_[a-z_]+|up)\b/g)].map(([, name = '']) => name);
    expect(metrics.length).toBeGreaterThan(0);
    for (const name of metrics) expect(name === 'up' || CATALOGUE.has(name), name).toBe(true);
    const labels = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
    const known = metrics.flatMap((name) => CATALOGUE.get(name) ?? []);
    for (const label of labels) expect(ADDED.has(label) || known.includes(label), label).toBe(true);
  },
);

test('each alert has a runbook, each panel says what it shows', () => {
  for (const [, name = ''] of alerts.matchAll(/- alert: (\w+)/g)) {
    expect(alerts).toContain(`/${name}.md`);
    const file = `docs/runbooks/${name}.md`;
    expect(existsSync(file), file).toBe(true);
    const text = readFileSync(file, 'utf8');
    for (const heading of ['## What it means', '## Diagnose', '## Fix'])
      expect(text, `${file}: ${heading}`).toContain(heading);
    for (const [metric] of text.matchAll(/\bxrayd_[a-z_]+\b/g))
      expect(CATALOGUE.has(metric), `${file}: ${metric}`).toBe(true);
  }
  for (const { title, description } of panels) expect(description, title).toMatch(/\.$/);
});
