import { lineNumber, type CausedBy, type Frame, type Stack } from './frame.ts';

const FRAME = '\tat ';
const CAUSED_BY = 'Caused by: ';
/** A class loader and a module, as in `app//Main.main` and `java.base/java.lang.Thread.run`; lambdas have a `$`. */
const MODULE = /^(?:[\w.@-]*\/){1,2}/;
/** PHP's own form: `#0 PATH(LINE): LABEL`. */
const PHP_FRAME = /^#\d+ ([^(]*)\((\d+)\): (.*)$/;

/** Java, and PHP, whose SDK writes stacks like Java. Frames of suppressed exceptions are left out. */
export function parseJava(lines: readonly string[]): Stack {
  const frames: Frame[] = [];
  const causes: { type: string; message: string; frames: Frame[] }[] = [];
  let current = frames;
  let isMessage = false;
  for (const line of lines.slice(1)) {
    const frame = javaFrame(line);
    if (frame !== undefined) {
      current.push(frame);
      isMessage = false;
    } else if (line.startsWith(CAUSED_BY)) {
      const cause = { ...typeAndMessage(line.slice(CAUSED_BY.length)), frames: [] };
      causes.push(cause);
      current = cause.frames;
      isMessage = true;
    } else if (isMessage && !line.startsWith('\t')) causes.at(-1)!.message += `\n${line}`;
  }
  return { frames, causes: causes.map((cause) => ({ ...cause, message: cause.message.trimEnd() })) };
}

function javaFrame(line: string): Frame | undefined {
  const php = PHP_FRAME.exec(line);
  if (php !== null) return { path: php[1]!, line: lineNumber(php[2]), label: php[3]! };
  const open = line.indexOf('(');
  if (!line.startsWith(FRAME) || open < 0 || !line.endsWith(')')) return undefined;
  const label = line.slice(FRAME.length, open).replace(MODULE, '');
  const place = line.slice(open + 1, -1);
  const colon = place.lastIndexOf(':');
  if (colon < 0) return { path: place, line: 0, label };
  return { path: place.slice(0, colon), line: lineNumber(place.slice(colon + 1)), label };
}

function typeAndMessage(text: string): { readonly type: string; readonly message: string } {
  const colon = text.indexOf(':');
  if (colon < 0) return { type: text, message: '' };
  return { type: text.slice(0, colon), message: text.slice(colon + 1).trimStart() };
}

const SEPARATORS = new Set([
  'During handling of the above exception, another exception occurred:',
  'The above exception was the direct cause of the following exception:',
]);
const PYTHON_FRAME = /^ {2}File "([^"]*)", line (\d+)(?:, in (.*))?$/;

/** Python has the outermost frame first, and the exception that was raised last at the end. */
export function parsePython(lines: readonly string[]): Stack {
  const sections: string[][] = [[]];
  for (const line of lines) {
    if (SEPARATORS.has(line)) sections.push([]);
    else sections.at(-1)!.push(line);
  }
  const [last, ...before] = sections.toReversed();
  return {
    frames: pythonFrames(last!),
    causes: before.map((section): CausedBy => ({ ...raised(section), frames: pythonFrames(section) })),
  };
}

function pythonFrames(lines: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  for (const line of lines) {
    const match = PYTHON_FRAME.exec(line);
    if (match !== null) frames.push({ path: match[1]!, line: lineNumber(match[2]), label: match[3] ?? '' });
  }
  return frames.toReversed();
}

/** The type and message after the last frame; a message may have several lines. */
function raised(lines: readonly string[]): { readonly type: string; readonly message: string } {
  const frame = lines.findLastIndex((line) => PYTHON_FRAME.test(line));
  const start = lines.findIndex((line, i) => i > frame && line !== '' && !line.startsWith(' '));
  return start < 0 ? { type: '', message: '' } : typeAndMessage(lines.slice(start).join('\n').trimEnd());
}
