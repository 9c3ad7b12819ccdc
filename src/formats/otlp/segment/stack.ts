import type { Stack } from './frame.ts';
import { parseDotnet, parseGo, parseJavaScript, parseRuby } from './stack-lines.ts';
import { parseJava, parsePython } from './stack-causes.ts';

const PARSERS: ReadonlyMap<string | undefined, (lines: readonly string[]) => Stack> = new Map([
  ['java', parseJava],
  ['php', parseJava],
  ['python', parsePython],
  ['javascript', parseJavaScript],
  ['nodejs', parseJavaScript],
  ['webjs', parseJavaScript],
  ['dotnet', parseDotnet],
  ['go', parseGo],
  ['ruby', parseRuby],
]);
const NONE: Stack = { frames: [], causes: [] };
/** Twice as much as a document may have. */
const MAX_CHARACTERS = 128 * 1024;

/** The frames in a stack's text, by `telemetry.sdk.language`; none for other languages. */
export function parseStack(language: string | undefined, text: string): Stack {
  const parse = PARSERS.get(language);
  if (parse === undefined || text === '') return NONE;
  // Python has the innermost frame and the exception itself last.
  const part = language === 'python' ? text.slice(-MAX_CHARACTERS) : text.slice(0, MAX_CHARACTERS);
  return parse(part.split('\n').map((line) => line.trimEnd()));
}
