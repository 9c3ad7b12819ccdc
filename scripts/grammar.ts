/** Generates the parser of filter expressions from its grammar; with --check, reports whether it is up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { buildParserFile } from '@lezer/generator';

const FOLDER = 'src/filter';

const { parser, terms } = buildParserFile(readFileSync(`${FOLDER}/filter.grammar`, 'utf8'), {
  typeScript: true,
  fileName: 'filter.grammar',
});
const files = [
  // Node runs the sources directly, and needs file extensions in imports.
  [`${FOLDER}/parser.ts`, parser.replace('"./parser.terms"', '"./parser.terms.ts"')],
  [`${FOLDER}/parser.terms.ts`, terms],
] as const;

for (const [file, text] of files) {
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is not what filter.grammar gives: run npm run grammar`);
    process.exitCode = 1;
  }
}
