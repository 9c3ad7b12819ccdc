import { readFileSync } from 'node:fs';

/** The release build puts the version here. */
declare const XRAYD_VERSION: string | undefined;

export const VERSION = typeof XRAYD_VERSION === 'string' ? XRAYD_VERSION : versionOfPackage();

/** The release of aws-xray-daemon whose flags, files, ports and datagrams these are. */
const REFERENCE_VERSION = '3.6.6';

/** What `xrayd version` prints. */
export const VERSION_LINE = `xrayd ${VERSION} (compatible with aws-xray-daemon ${REFERENCE_VERSION})\n`;

function versionOfPackage(): string {
  const { version }: { readonly version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String(version);
}
