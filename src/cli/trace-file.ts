import { parseJson } from '../json/exact-number.ts';
import { textShapeProblem, type JsonLimits } from '../json/json-shape.ts';
import { member, objectOf } from '../json/json.ts';
import type { ReturnedTrace } from './remote-traces.ts';

const BEGIN = '{"Traces":[';
/** Of one JSON text. Parsed, each level or value takes up to 100 bytes, whatever the size of the file. */
const LIMITS = { maxDepth: 1_000_000, maxValues: 5_000_000 };

export interface Written {
  readonly traces: number;
  /** Those of which X-Ray returns nothing, because they have only subsegments whose segment never arrived. */
  readonly empty: number;
}

/** Writes traces as one JSON object in the format of BatchGetTraces, trace by trace. */
export async function writeTraces(
  traces: AsyncIterable<ReturnedTrace>,
  write: (text: string) => Promise<void> | void,
): Promise<Written> {
  const written = { traces: 0, empty: 0 };
  for await (const text of traceTexts(traces, written)) await write(text);
  return written;
}

/** The JSON object in pieces: one for each trace, and the end. Counts them in `written`. */
export async function* traceTexts(
  traces: AsyncIterable<ReturnedTrace>,
  written: { -readonly [K in keyof Written]: Written[K] },
): AsyncGenerator<string> {
  for await (const { Id, Duration, LimitExceeded, Segments } of traces) {
    const segments = Segments.map((segment) => ({ Id: segment.Id, Document: segment.Document }));
    // Nothing comes before the first trace, so that an error of X-Ray leaves no partial output.
    const begin = written.traces === 0 ? BEGIN : ',';
    yield `${begin}\n${JSON.stringify({ Id, Duration, LimitExceeded, Segments: segments })}`;
    written.traces++;
    if (segments.length === 0) written.empty++;
  }
  yield `${written.traces === 0 ? BEGIN : ''}\n]}\n`;
}

/**
 * Parses traces: the output of BatchGetTraces (of the AWS CLI or `xrayd export`), a list of such traces, or segment
 * documents, one per line or as a list. Throws an Error that explains what is wrong. `limits`: of what is parsed at once,
 * which is a line if there are several.
 */
export function readTraces(text: string, limits: JsonLimits = LIMITS): ReturnedTrace[] {
  // PowerShell and Windows editors write a byte order mark.
  const unmarked = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const json = jsonOf(unmarked, limits) ?? linesOf(unmarked, limits);
  const list = Array.isArray(json) ? json : (member(json, 'Traces') ?? [json]);
  if (!Array.isArray(list) || list.length === 0) throw new Error('it has no traces');
  return list.map(traceOf);
}

function jsonOf(text: string, limits: JsonLimits): object | undefined {
  if (textShapeProblem(text, limits) !== undefined) return undefined;
  try {
    const json: unknown = parseJson(text);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

function linesOf(text: string, limits: JsonLimits): object[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, i) => {
    const json = jsonOf(line, limits);
    if (json === undefined)
      throw new Error(problemOf(text, limits) ?? `it is neither JSON nor lines of JSON (line ${i + 1})`);
    return json;
  });
}

function problemOf(text: string, { maxDepth, maxValues }: JsonLimits): string | undefined {
  switch (textShapeProblem(text, { maxDepth, maxValues })) {
    case 'too_deep':
      return `its JSON has more than ${maxDepth} levels`;
    case 'too_many_values':
      return `its JSON has more than ${maxValues} values: write one document on each line, or split the file`;
    default:
      return undefined;
  }
}

/** Node 24 calls `JSON.stringify` recursively, and reads what it cannot write. */
function textOf(document: unknown, position: number): string {
  try {
    return JSON.stringify(document);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(`number ${position + 1} is nested too deeply for Node ${process.versions.node}`, { cause: error });
  }
}

function traceOf(each: unknown, position: number): ReturnedTrace {
  const { Segments, Id, trace_id: traceId, id } = objectOf(each);
  if (Array.isArray(Segments)) {
    const segments = Segments.flatMap((segment: unknown) => {
      const Document = member(segment, 'Document');
      return typeof Document === 'string' ? [{ Id: String(member(segment, 'Id')), Document }] : [];
    });
    if (segments.length === Segments.length) return { Id: String(Id), Segments: segments };
  }
  if (typeof traceId === 'string')
    return { Id: traceId, Segments: [{ Id: String(id), Document: textOf(each, position) }] };
  throw new Error(`number ${position + 1} is neither a trace of BatchGetTraces nor a segment document`);
}
