import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `gh` and `cosign` were asked to do, one call a line. */
const LOG = 'calls.jsonl';

/**
 * Replaces `gh` and `cosign`, which need GitHub and Sigstore. Accepts only those of their flags that the release uses,
 * and checks that every file exists and that an image is signed by its digest.
 */
const PROGRAM = `#!/usr/bin/env node
const fs = require('node:fs'), path = require('node:path');
const FLAGS = {
  'gh run list': { '--workflow': 1, '--commit': 1, '--json': 1 },
  'gh release view': {},
  'gh release create': { '--verify-tag': 0, '--title': 1, '--notes-file': 1, '--prerelease': 0, '--latest=false': 0 },
  'gh release upload': { '--clobber': 0 },
  'cosign sign': { '--yes': 0, '--recursive': 0, '--allow-http-registry': 0 },
  'cosign attest': { '--yes': 0, '--type': 1, '--predicate': 1, '--allow-http-registry': 0 },
  'cosign sign-blob': { '--yes': 0, '--bundle': 1 },
};
const name = path.basename(process.argv[1]);
const words = process.argv.slice(2);
const command = [name, ...words.splice(0, name === 'gh' ? 2 : 1)].join(' ');
const fail = (why) => { console.error(command + ': ' + why); process.exit(1); };
const known = FLAGS[command] ?? fail('unknown');
const flags = {}, operands = [];
while (words.length > 0) {
  const word = words.shift();
  if (!word.startsWith('-')) operands.push(word);
  else if (!(word in known)) fail('unknown flag ' + word);
  else flags[word] = known[word] === 1 ? words.shift() : true;
}
const folder = path.dirname(process.argv[1]);
fs.appendFileSync(path.join(folder, '${LOG}'), JSON.stringify({ command, flags, operands }) + '\\n');
for (const file of [flags['--notes-file'], flags['--predicate']]) if (file !== undefined) fs.readFileSync(file);
if (command === 'gh run list') console.log(fs.readFileSync(path.join(folder, 'runs.json'), 'utf8'));
if (command === 'cosign sign' || command === 'cosign attest')
  for (const each of operands) if (!/@sha256:[0-9a-f]{64}$/.test(each)) fail(each + ' is not a digest');
if (command === 'cosign sign-blob') {
  fs.readFileSync(operands[0]);
  fs.writeFileSync(flags['--bundle'], 'a signature of a test');
}
const uploads = path.join(folder, 'uploads', operands[0] ?? '');
if (command === 'gh release view') process.exit(fs.existsSync(uploads) ? 0 : 1);
if (command === 'gh release create' && fs.existsSync(uploads)) fail('a release with this tag exists');
if (command === 'gh release create') fs.mkdirSync(uploads, { recursive: true });
if (/^gh release (create|upload)$/.test(command))
  for (const file of operands.slice(1)) fs.copyFileSync(file, path.join(uploads, path.basename(file)));
`;

export interface Call {
  readonly command: string;
  readonly flags: Readonly<Record<string, string | true>>;
  readonly operands: readonly string[];
}

/** A folder for PATH with the two programs. */
export class FakeClients {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of ['gh', 'cosign']) {
      writeFileSync(join(folder, name), PROGRAM);
      chmodSync(join(folder, name), 0o755);
    }
    this.setRuns([]);
  }

  /** How the runs of CI for the commit ended. */
  setRuns(conclusions: readonly string[]): void {
    writeFileSync(join(this.folder, 'runs.json'), JSON.stringify(conclusions.map((conclusion) => ({ conclusion }))));
  }

  /** Where the files of the GitHub release of `tag` are. */
  uploadsOf(tag: string): string {
    return join(this.folder, 'uploads', tag);
  }

  calls(command: string): Call[] {
    const file = join(this.folder, LOG);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Call).filter((call) => call.command === command);
  }
}
