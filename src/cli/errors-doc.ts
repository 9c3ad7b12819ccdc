import { ERRORS, EXIT_CODES } from '../pipeline/errors.ts';
import { DROP_REASONS } from '../pipeline/accounting.ts';
import { markdownTable } from './markdown-table.ts';

/** docs/errors.md: how the program ends, and why. */
export function errorsDoc(): string {
  const exits = Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning]);
  const errors = Object.entries(ERRORS).map(([code, { exit, meaning, remedy }]) => [
    `\`${code}\``,
    String(EXIT_CODES[exit].code),
    meaning,
    remedy,
  ]);
  const reasons = Object.entries(DROP_REASONS).map(([reason, { event, remedy }]) => [`\`${reason}\``, event, remedy]);
  return `<!-- Generated from src/pipeline/errors.ts and src/pipeline/accounting.ts by \`npm run docs\`. Do not edit. -->

# Errors

## Exit codes

${markdownTable(['code', 'meaning'], exits)}
\`xrayd run\` exits with the code of the program that it ran, or with 128 plus the number of the signal that ended it.
With \`--fail-on\`, it exits with 1 if the program exited with 0 and one of its conditions is met.

## Error codes

A command that fails prints one line that says what happened and what to do.
The library throws an error whose \`code\` is one of these.

${markdownTable(['code', 'exit code', 'meaning', 'what to do'], errors)}
## Drop reasons

\`xrayd_segments_dropped_total\` and the error line in the log name one of these as their \`reason\`.

${markdownTable(['reason', 'what happened', 'what to do'], reasons)}`;
}
