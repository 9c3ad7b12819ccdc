import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENSE_FILE = /^(licen[cs]e|notice|copying)([.-].*)?$/i;

/** A bundler's metadata: the files in a bundle. */
interface Bundle {
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The licences of every package in the bundles, as one text, which the licences require for redistribution. */
export function licensesOf(...bundles: readonly Bundle[]): string {
  const folders = new Set(
    bundles.flatMap(({ inputs }) => Object.keys(inputs)).flatMap((path) => packageFolder(path) ?? []),
  );
  const packages = [...folders].sort().map((folder) => {
    const {
      name,
      version,
      license = 'see its text',
    } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
    const texts = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
    return {
      title: `${name} ${version} (${license})`,
      text: texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n'),
    };
  });
  const parts = packages.map(({ title, text }) => `${title}\n${'-'.repeat(title.length)}\n\n${text}`.trim());
  return `xrayd contains code of these packages.\n\n${parts.join('\n\n\n')}\n`;
}

/** The folder of a file's package: the innermost one with a name and a version. */
function packageFolder(path: string): string | undefined {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
  return match?.[1] !== undefined && existsSync(join(match[1], 'package.json')) ? match[1] : undefined;
}
