import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isProblem, readAccessLog } from '../formats/access-log.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { CommandOutput } from './command.ts';
import type { AccessLogCounts, LocalXRayClient } from './local-client.ts';
import { plural } from './transfer.ts';

const LINES_A_CALL = 500;
const BYTES_A_CALL = 200_000;
/** An entry has a URL of up to 16 KB and a header of up to 7 KB. */
const MAX_LINE = 64 * 1024;
/** A line that is longer is skipped; a file with such a line is no access log, and may have no end. */
const MAX_SKIPPED = 16 * 1024 * 1024;
const MAX_PROBLEMS = 10;
const NEWLINE = 10;

interface Problem {
  /** Number of the first such line. */
  readonly line: number;
  count: number;
}

/** What was read, of one file. */
interface Read {
  lines: number;
  withoutId: number;
  readonly problems: Map<string, Problem>;
}

/**
 * `xrayd import --alb-log FILE…`: attaches lines of access logs, also compressed, to the stored traces that they name.
 * Files are read as streams. Resolves with the exit code: 1 if a line or a file could not be read.
 */
export async function importAccessLogs(
  files: readonly string[],
  local: Pick<LocalXRayClient, 'attachLines'>,
  { say, progress }: Pick<CommandOutput, 'say' | 'progress'>,
): Promise<number> {
  const total: AccessLogCounts = { attached: 0, known: 0, missing: 0, beyond: 0 };
  let code = 0;
  let withoutId = 0;
  for (const file of files) {
    const name = file === '-' ? 'standard input' : file;
    const read: Read = { lines: 0, withoutId: 0, problems: new Map() };
    const add = async (lines: readonly string[]): Promise<void> => {
      const counts = await local.attachLines(lines);
      for (const key of ['attached', 'known', 'missing', 'beyond'] as const) total[key] += counts[key];
    };
    const problem = await readFile(file, read, {
      add,
      onLine: () => progress(`${name}: ${count(read.lines)}`),
    });
    if (problem !== undefined) say(`xrayd: cannot read ${name} after line ${read.lines}: ${problem}\n`);
    sayProblems(name, read, say);
    if (problem !== undefined || read.problems.size > 0) code = 1;
    withoutId += read.withoutId;
  }
  say(
    `imported access logs: ${count(total.attached)} attached, ${total.known} already there, ${total.missing} of traces that are not stored, ${withoutId} without a trace ID\n`,
  );
  if (total.beyond > 0)
    say(`  ${count(total.beyond)} left out: their traces have the most lines that a trace can have\n`);
  return code;
}

/** Returns why the file could not be read to its end; what was read before is attached. */
async function readFile(
  file: string,
  read: Read,
  { add, onLine }: { add: (lines: readonly string[]) => Promise<void>; onLine: () => void },
): Promise<string | undefined> {
  let waiting: string[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await add(waiting);
    waiting = [];
    bytes = 0;
  };
  const lines = linesOf(unzipped(file === '-' ? process.stdin : createReadStream(file)))[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<string>;
    try {
      next = await lines.next();
    } catch (error) {
      await flush();
      return messageOf(error);
    }
    if (next.done === true) break;
    const line = next.value;
    read.lines++;
    if (read.lines % LINES_A_CALL === 0) onLine();
    if (line.trim() === '') continue;
    const view = line.length > MAX_LINE ? { problem: `is longer than ${MAX_LINE} bytes` } : readAccessLog(line);
    if (isProblem(view)) note(read, view.problem);
    else if (view.traceId === undefined) read.withoutId++;
    else {
      if (waiting.length === LINES_A_CALL || bytes + line.length > BYTES_A_CALL) await flush();
      waiting.push(line);
      bytes += line.length;
    }
  }
  await flush();
  return undefined;
}

function note({ problems, lines }: Read, problem: string): void {
  const before = problems.get(problem);
  if (before === undefined) problems.set(problem, { line: lines, count: 1 });
  else before.count++;
}

function sayProblems(name: string, { problems }: Read, say: (text: string) => void): void {
  for (const [problem, { line, count: of }] of [...problems].slice(0, MAX_PROBLEMS)) {
    const more = of === 1 ? '' : ` (and ${plural(of - 1, 'more line')} like it)`;
    say(`xrayd: ${name}: line ${line} ${problem}${more}\n`);
  }
}

function count(lines: number): string {
  return plural(lines, 'line');
}

/** The content of a file that may be compressed with gzip, whatever its name. */
async function* unzipped(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const whole = (async function* (): AsyncGenerator<Buffer> {
    yield first.value;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  })();
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return yield* whole;
  // An error of either ends the loop over gunzip, which throws it.
  yield* pipeline(Readable.from(whole), createGunzip(), () => {});
}

/** Lines without their ends. Of a very long one, only the beginning is kept. Throws at one without an end. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer): void => {
    if (length <= MAX_LINE && part.length > 0) rest.push(part);
    length += part.length;
    if (length > MAX_SKIPPED) throw new Error(`a line has more than ${MAX_SKIPPED} bytes, so it is no access log`);
  };
  const take = (): string => {
    const text = Buffer.concat(rest).toString('utf8').replace(/\r$/, '');
    rest = [];
    length = 0;
    return text;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield take();
}
