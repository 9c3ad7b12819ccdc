import './browser-globals.ts';
import { expect, test } from 'vitest';
import { keysFor } from '../../ui/src/trace/keys.ts';
import { TraceState } from '../../ui/src/trace/trace-state.ts';
import { viewOf, VIEWS } from '../../ui/src/trace/views.ts';
import { SCREENS } from '../../ui/src/screens.tsx';
import { SCREEN_PATHS } from '../../src/api/page-types.ts';

const repeated = (values: readonly string[]): string[] => values.filter((value, i) => values.indexOf(value) !== i);

test('each view of a trace has a tab, a title and a key that nothing else on its screen has', () => {
  const keys = keysFor(new TraceState('1-00000000-000000000000000000000000', () => false)).flatMap(
    (handler) => handler.keys,
  );
  expect(repeated(keys)).toEqual([]);
  expect(keys).toEqual(expect.arrayContaining(VIEWS.map(({ key }) => key)));
  for (const name of ['tab', 'title'] as const) expect(repeated(VIEWS.map((view) => view[name]))).toEqual([]);
});

test('an address with an unknown tab opens the timeline', () => {
  expect(viewOf('nonsense').title).toBe('Timeline');
  expect(viewOf('raw').title).toBe('Raw');
});

test('each screen has a path and keys of its own, and the server answers at each path with the page', () => {
  expect(SCREENS.map(({ path }) => path).toSorted()).toEqual([...SCREEN_PATHS].toSorted());
  expect(repeated(SCREENS.flatMap(({ go }) => go?.keys ?? []))).toEqual([]);
  expect(repeated(SCREENS.map(({ title }) => title()))).toEqual([]);
});
