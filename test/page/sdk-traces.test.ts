import { afterEach, expect, test } from 'vitest';
import { startApplication } from '../clients/application.ts';
import { AWS_CLI, documentsByCli, idsByCli } from '../clients/aws-cli.ts';
import { all, checkCart, environment, isOf, newTrace, type DistroSegment } from '../clients/distro.ts';
import { prepareDistro, prepareSenders } from '../clients/prepare.ts';
import { checkSent, endpointOf, rootOf, sent, type SentSegment } from '../clients/sent-trace.ts';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { Browser, skipped as noBrowser } from './browser.ts';
import { panel, spans } from './parts.ts';

const scope = new Scope();
const browser = new Browser();
afterEach(() => browser.check());

const PORTS = ['--otlp-http', '127.0.0.1:0', '--otlp-grpc', '127.0.0.1:0', '-l', 'info'];
/** The trace that every program links to. */
const LINKED = '1-6929d510-abcdef000000000000000001';

interface Shown {
  readonly traceId: string;
  readonly spanId: string;
  /** Rows of the timeline. */
  readonly rows: readonly RegExp[];
  /** As the application named the span. */
  readonly name: string;
}

/** Opens a trace with one of its spans in the page, and expects its name, its event and its link. */
async function expectShown(local: LocalXRay, { traceId, spanId, rows, name }: Shown): Promise<void> {
  const page = await browser.open(`${local.daemon.tcpUrl}/traces/${traceId}?span=${spanId}`);
  for (const row of rows) await spans(page).filter({ hasText: row }).first().waitFor({ state: 'attached' });
  const shown = panel(page);
  await shown.getByText(name, { exact: true }).first().waitFor();
  const events = shown.locator('details:has(> summary .key:text-is("otel.events"))');
  const openMember = (key: RegExp): Promise<void> => events.locator('summary').filter({ hasText: key }).click();
  await openMember(/^0/);
  await events.getByText('cart loaded').waitFor();
  await openMember(/^attributes/);
  await events.getByText('items').waitFor();
  const link = shown.getByRole('link', { name: LINKED });
  expect(await link.getAttribute('href')).toBe(`/traces/${LINKED}`);
}

for (const { name, command, skipped } of prepareSenders()) {
  const whyNot = skipped || AWS_CLI.skipped || noBrowser;
  test.skipIf(whyNot !== '')(
    `${name}: the AWS CLI and the page show the traces of its SDK${whyNot && ` (skipped: ${whyNot})`}`,
    async () => {
      const local = await LocalXRay.of(scope, ...PORTS);
      const ids: string[] = [];
      for (const protocol of name === 'otel-node' ? ['http', 'json', 'grpc'] : ['http', 'grpc'])
        ids.push(await sent({ command: command!, protocol, endpoint: await endpointOf(local.daemon, protocol) }));
      const found = await idsByCli(local, 'service("otel-shop") { fault } AND http.status = 500');
      expect(found.toSorted()).toEqual(ids.toSorted());
      const documents = await documentsByCli(local, ids);
      for (const traceId of ids) {
        const segments = documents.get(traceId)!.map((document) => JSON.parse(document) as SentSegment);
        checkSent(segments);
        const rows = [/^otel-shop, POST \/orders\/7, fault/, /^SELECT orders, SELECT 1/];
        await expectShown(local, { traceId, spanId: rootOf(segments).id, rows, name: 'POST /orders/:id' });
      }
    },
  );
}

for (const { name, command, skipped } of [prepareDistro('python'), prepareDistro('node')]) {
  const whyNot = skipped || AWS_CLI.skipped || noBrowser;
  test.skipIf(whyNot !== '')(
    `${name}: the AWS CLI and the page show its trace${whyNot && ` (skipped: ${whyNot})`}`,
    async () => {
      const local = await LocalXRay.of(scope, ...PORTS);
      const { request } = await startApplication(command!, await environment(local.daemon), scope);
      const { id: traceId, headers } = newTrace();
      expect(await request('/', headers)).toBe(200);
      const read = async (): Promise<DistroSegment[]> => {
        const documents = (await documentsByCli(local, [traceId])).get(traceId) ?? [];
        return all(documents.map((document) => JSON.parse(document) as DistroSegment));
      };
      await eventually(async () => (await read()).some(isOf('/')), 45_000);
      expect(await idsByCli(local, 'service("adot-shop") AND annotation.customer = "c-1042"')).toContain(traceId);
      const segments = await read();
      checkCart(segments);
      const { id: spanId } = segments.find((segment) => segment.name === 'load cart')!;
      await expectShown(local, { traceId, spanId, rows: [/^adot-shop/, /^load cart/], name: 'load cart' });
    },
  );
}
