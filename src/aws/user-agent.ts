import type { Environment } from '../pipeline/environment.ts';

const GOOS: Readonly<Record<string, string>> = { win32: 'windows' };
const GOARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/**
 * In the reference daemon's form: an SDK part, then `xray-agent/xray-daemon/VERSION exec-env/ENV OS/GOOS-GOARCH`.
 * Source: aws-xray-daemon 3.6.6, pkg/conn/xray_client.go; recorded in test/fixtures/go-daemon-upstream.ndjson.
 */
export function userAgent(version: string, env: Environment): string {
  const os = GOOS[process.platform] ?? process.platform;
  const arch = GOARCH[process.arch] ?? process.arch;
  // Any other character in the header would make every call fail.
  const environmentName = (env['AWS_EXECUTION_ENV'] || 'UNKNOWN').replaceAll(/[^ -~]/g, '-');
  const agent = `xray-agent/xray-daemon/xrayd-${version} exec-env/${environmentName} OS/${os}-${arch}`;
  return `xrayd/${version} ua/2.1 os/${os} lang/js md/nodejs#${process.versions.node} api/xray ${agent}`;
}
