import { lineNumber, type Frame, type Stack } from './frame.ts';

function stackOf(frames: readonly (Frame | undefined)[]): Stack {
  return { frames: frames.filter((frame) => frame !== undefined), causes: [] };
}

/** V8 writes `    at LABEL (PATH:LINE:COLUMN)`, Firefox and Safari `LABEL@PATH:LINE:COLUMN`. */
export function parseJavaScript(lines: readonly string[]): Stack {
  const isV8 = lines.some((line) => line.startsWith('    at '));
  return stackOf(lines.map(isV8 ? v8Frame : geckoFrame));
}

function v8Frame(line: string): Frame | undefined {
  if (!line.startsWith('    at ')) return undefined;
  const text = line.slice('    at '.length);
  const open = text.endsWith(')') ? text.indexOf(' (') : -1;
  const label = open < 0 ? '' : text.slice(0, open);
  const place = open < 0 ? text : text.slice(open + 2, -1);
  return { ...placeOf(place), label };
}

function geckoFrame(line: string): Frame | undefined {
  const at = line.lastIndexOf('@');
  if (at < 0 || !PLACE.test(line.slice(at + 1))) return undefined;
  return { ...placeOf(line.slice(at + 1)), label: line.slice(0, at) };
}

const PLACE = /:\d+:\d+$/;

/** The path ends at the last two colons: `node:internal/x` and `file:///a.mjs` have others. */
function placeOf(place: string): Omit<Frame, 'label'> {
  const position = PLACE.exec(place);
  if (position === null) return { path: place, line: 0 };
  return { path: place.slice(0, position.index), line: lineNumber(position[0].slice(1)) };
}

/** .NET writes `PATH:line N`, Mono `PATH:N`. */
const DOTNET_PLACE = /^(.*):(?:line )?(\d+)$/;

/** `   at LABEL in PATH:line N`, or without a place. */
export function parseDotnet(lines: readonly string[]): Stack {
  return stackOf(
    lines.slice(1).map((line) => {
      const text = line.trimStart();
      if (!text.startsWith('at ')) return undefined;
      const place = text.indexOf(' in ');
      if (place < 0) {
        const end = text.lastIndexOf(')');
        return end < 0 ? undefined : { path: '', line: 0, label: text.slice('at '.length, end + 1) };
      }
      const where = text.slice(place + ' in '.length);
      const [, path = where, number] = DOTNET_PLACE.exec(where) ?? [];
      return { path, line: lineNumber(number), label: text.slice('at '.length, place) };
    }),
  );
}

const GO_PLACE = /^\t(.+):(\d+)(?: \+0x.*)?$/;

/** Pairs of lines: the function, then `\tPATH:LINE +0x…`. */
export function parseGo(lines: readonly string[]): Stack {
  const frames: Frame[] = [];
  let label = '';
  for (const line of lines) {
    if (!line.startsWith('\t')) {
      label = line.startsWith('goroutine ') ? '' : line;
      continue;
    }
    const place = GO_PLACE.exec(line);
    if (place !== null && label !== '') frames.push({ path: place[1]!, line: lineNumber(place[2]), label });
    label = '';
  }
  return stackOf(frames);
}

/** Ruby writes ``PATH:LINE:in `LABEL'``, from 3.4 on `PATH:LINE:in 'LABEL'`; after the first line with `from`. */
export function parseRuby(lines: readonly string[]): Stack {
  return stackOf(
    lines.map((line) => {
      const text = line.trimStart().replace(/^from /, '');
      const middle = text.indexOf(':in ');
      if (middle < 0) return undefined;
      const place = text.slice(0, middle);
      const colon = place.lastIndexOf(':');
      const label = text.slice(middle + ':in '.length);
      const end = label.indexOf("'", 1);
      if (colon < 0 || end < 0 || !/^[`']/.test(label)) return undefined;
      return { path: place.slice(0, colon), line: lineNumber(place.slice(colon + 1)), label: label.slice(1, end) };
    }),
  );
}
