import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { defineConfig } from 'vitepress';
import { slugOf } from '../slug.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCS = join(ROOT, 'docs');
const REPOSITORY = 'https://github.com/xrayd/xrayd';

interface Item {
  text: string;
  link: string;
}

interface Section {
  text: string;
  collapsed: boolean;
  items: Item[];
}

/** The navigation is docs/README.md: its headings, and the links to pages below each. */
function sidebar(): Section[] {
  const sections: Section[] = [];
  const seen = new Set<string>();
  for (const line of readFileSync(join(DOCS, 'README.md'), 'utf8').split('\n')) {
    const heading = /^## (.*)$/.exec(line)?.[1];
    if (heading !== undefined) sections.push({ text: heading, collapsed: false, items: [] });
    for (const [, path = ''] of line.matchAll(/\]\(([\w./-]+\.md)\)/g)) {
      if (path.startsWith('..') || seen.has(path)) continue;
      seen.add(path);
      sections.at(-1)?.items.push({ text: titleOf(path), link: `/${path.replace(/README\.md$/, 'index.md')}` });
    }
  }
  sections.push({
    text: 'Decisions',
    collapsed: true,
    items: readdirSync(join(DOCS, 'decisions'))
      .filter((name) => /^\d/.test(name))
      .sort()
      .map((name) => ({ text: titleOf(`decisions/${name}`), link: `/decisions/${name}` })),
  });
  return sections;
}

function titleOf(path: string): string {
  const title = /^# (.*)$/m.exec(readFileSync(join(DOCS, path), 'utf8'))?.[1] ?? path;
  return title.replaceAll('`', '');
}

/** Files outside of docs/ are on GitHub. */
function hrefOf(page: string, href: string): string {
  if (/^[a-z]+:|^#/.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const file = normalize(join(DOCS, dirname(page), path));
  const isPage = file.startsWith(`${DOCS}/`) && file.endsWith('.md');
  if (isPage || !existsSync(file)) return href;
  return `${REPOSITORY}/blob/main/${relative(ROOT, file)}${anchor === undefined ? '' : `#${anchor}`}`;
}

export default defineConfig({
  title: 'xrayd',
  description: 'A drop-in AWS X-Ray daemon, and a local X-Ray for development',
  srcDir: 'pages',
  outDir: 'dist',
  // `pages` is a link to docs/: Vite looks for Vue above the folder of a page, in node_modules of this folder.
  vite: { resolve: { preserveSymlinks: true } },
  rewrites: { 'README.md': 'index.md', 'decisions/README.md': 'decisions/index.md' },
  markdown: {
    anchor: { slugify: slugOf },
    config: (md) => {
      md.core.ruler.push('for_this_site', ({ env, tokens }) => {
        const page = (env as { relativePath: string }).relativePath.replace(/index\.md$/, 'README.md');
        for (const { children } of tokens)
          for (const token of children ?? []) {
            // `{{` in code is text, not a template of Vue.
            if (token.type === 'code_inline') token.attrSet('v-pre', '');
            if (token.type === 'link_open') token.attrSet('href', hrefOf(page, String(token.attrGet('href'))));
          }
      });
    },
  },
  themeConfig: {
    outline: [2, 3],
    sidebar: sidebar(),
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
});
