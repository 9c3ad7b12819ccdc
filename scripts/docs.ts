/** Writes the generated documents; with --check, lists those that are out of date and exits with 1. */
import { readFileSync, writeFileSync } from 'node:fs';
import { errorsDoc } from '../src/cli/errors-doc.ts';
import { manPage } from '../src/cli/man-page.ts';
import { configurationDoc } from '../src/cli/help.ts';
import { metricsDoc } from '../src/telemetry/metrics.ts';
import { chartReadme } from './chart-values.ts';
import { httpRoutesDoc } from './http-routes.ts';
import { logMessagesDoc } from './log-messages.ts';

const documents = {
  'deploy/helm/aws-xray/README.md': chartReadme(),
  'docs/configuration.md': configurationDoc(),
  'docs/errors.md': errorsDoc(),
  'docs/xrayd.1': manPage(),
  'docs/metrics.md': metricsDoc(),
  'docs/reference/http-routes.md': httpRoutesDoc(),
  'docs/troubleshooting/log-messages.md': logMessagesDoc(),
};
const isCheck = process.argv.includes('--check');
for (const [path, text] of Object.entries(documents)) {
  if (!isCheck) {
    writeFileSync(path, text);
  } else if (readOr(path) !== text) {
    console.error(`${path} is out of date: run npm run docs`);
    process.exitCode = 1;
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
