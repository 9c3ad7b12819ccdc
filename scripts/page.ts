import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';

export interface Page {
  /** Gzipped, in base64, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The source files that they contain. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Builds the page into dist/page, and returns it for the bundle. */
export async function buildPage(): Promise<Page> {
  // Otherwise vite takes the value of whoever runs it, such as vitest's, and builds another page.
  process.env['NODE_ENV'] = 'production';
  const { output } = (await build({ configFile: 'ui/vite.config.ts', logLevel: 'warn' })) as Rolldown.RolldownOutput;
  const files: Record<string, string> = {};
  const inputs: Record<string, unknown> = {};
  for (const file of output) {
    const content = file.type === 'chunk' ? file.code : file.source;
    files[file.fileName] = gzipSync(content, { level: 9 }).toString('base64');
    if (file.type === 'chunk')
      for (const path of file.moduleIds) inputs[path.replace(/^.*?(?=node_modules\/)/, '')] = true;
  }
  // Built separately, because of its worker.
  inputs['node_modules/@dagrejs/dagre/package.json'] = true;
  return { files, inputs };
}
