import { afterEach, expect, test } from 'vitest';
import { accessLogLine } from '../fakes/access-log.ts';
import { Scope } from '../fakes/scope.ts';
import { accessibilityProblems, Browser, note, skipped } from './browser.ts';
import { ShownXRay, openShop } from './local.ts';

const scope = new Scope();
const browser = new Browser();
ShownXRay.share();
afterEach(() => browser.check());

for (const [theme, width] of [
  ['light', 1360],
  ['dark', 1360],
  ['dark', 400],
] as const)
  test.skipIf(skipped !== '')(
    `an imported access log is in the trace and in the maps, ${theme}, ${width} px${note}`,
    async () => {
      const { page, xray, failed } = await openShop({ scope, browser }, '/', { width, theme });
      const line = accessLogLine({ trace: `Root=${failed}`, balancer: 'app/edge/1', statuses: '502 500' });
      const answer = await fetch(`${xray.url}/api/access-log`, {
        method: 'POST',
        body: JSON.stringify({ Lines: [line] }),
      });
      expect(await answer.json()).toEqual({ Attached: 1, Known: 0, Missing: 0, Beyond: 0, Unreadable: 0 });
      await page.goto(`${xray.url}/traces/${failed}`);
      await page.getByText('from the access log, not a span').waitFor();
      await page.getByText('Load balancer edge').waitFor();
      await page.getByRole('link', { name: 'Map', exact: true }).last().click();
      await page.getByRole('button', { name: /^edge, ALB, from logs: 1 request/ }).waitFor();
      await page.goto(`${xray.url}/map`);
      const node = page.getByRole('button', { name: /^edge, ALB, from logs: 1 request/ });
      await node.waitFor();
      await page.getByRole('button', { name: /^Client → edge/ }).waitFor();
      await page.getByRole('button', { name: /^edge → checkout/ }).waitFor();
      await node.press('Enter');
      await page.getByText('taken from access logs, not from spans').waitFor();
      expect(await page.getByRole('button', { name: 'Traces', exact: true }).count()).toBe(0);
      expect(await accessibilityProblems(page)).toEqual([]);
    },
  );
