import fc from './fast-check.ts';
import { DOCUMENT, type Shape, type Shapes } from '../../src/formats/xray/findings.ts';
import type { Json } from '../../src/json/json.ts';
import { segmentJson, START, sub } from './traces.ts';

/** Every member of a document for which X-Ray has a type, with its path and shape; of a list, the first element. */
export function* membersOf(
  shapes: Shapes = DOCUMENT,
  path: readonly (string | 0)[] = [],
): Generator<{ path: readonly (string | 0)[]; shape: Shape }> {
  for (const [name, shape] of Object.entries(shapes)) yield* membersIn(shape, [...path, name]);
}

function* membersIn(shape: Shape, path: readonly (string | 0)[]): ReturnType<typeof membersOf> {
  yield { path, shape };
  if (typeof shape === 'string') return;
  if ('either' in shape) for (const each of shape.either) yield* typeof each === 'string' ? [] : membersIn(each, path);
  else if ('members' in shape) yield* membersOf(shape.members, path);
  else yield* membersIn(shape.list, [...path, 0]);
}

/** `json` with `value` at `path`; creates what is missing on the path. */
export function withMember(json: Json, [first, ...rest]: readonly (string | 0)[], value: unknown): Json {
  const inner = (json as Record<string | 0, unknown>)[first!];
  const below =
    rest.length === 0
      ? value
      : withMember((typeof inner === 'object' && inner !== null ? inner : {}) as Json, rest, value);
  return first === 0 ? ([below] as unknown as Json) : { ...json, [first!]: below };
}

const anything = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    'true',
    '',
    '503',
    503,
    429,
    404,
    200,
    503.7,
    -1,
    {},
    [],
    [null],
    'AWS',
    'aws',
    'remote',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const paths = fc.constantFrom(...[...membersOf()].map(({ path }) => path).filter(([first]) => first !== 'subsegments'));
const status = fc.constantFrom(
  ['http', 'response', 'status'] as const,
  ['fault'] as const,
  ['error'] as const,
  ['throttle'] as const,
  ['namespace'] as const,
);
const changes = fc.array(fc.tuple(fc.oneof(paths, status), anything), { maxLength: 6 });

/** Segments with members of any type in any place; X-Ray may refuse some. */
export const oddSegments: fc.Arbitrary<Json> = fc
  .record({
    own: changes,
    inner: changes,
    to: fc.constantFrom(-1, 0, 1, 2.0004),
    isOpen: fc.boolean(),
    scale: fc.constantFrom(1, 1, 1, 1_000),
  })
  .map(({ own, inner, to, isOpen, scale }) => {
    const times = {
      start_time: START * scale,
      ...(isOpen ? { end_time: undefined, in_progress: true } : { end_time: (START + to) * scale }),
    };
    const child = inner.reduce<Json>((json, [path, value]) => withMember(json, path, value), {
      ...sub('inner', { namespace: 'remote' }),
      ...times,
    });
    const segment = { ...segmentJson('web'), ...times, subsegments: [child] };
    return JSON.parse(
      JSON.stringify(own.reduce<Json>((json, [path, value]) => withMember(json, path, value), segment)),
    ) as Json;
  });
