import './browser-globals.ts';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { filtersIn } from '../../ui/src/query/saved-filters.ts';
import { editorHref, settings, settingsIn } from '../../ui/src/settings.ts';

test('settings that another version of the page kept are read as far as they are understood', () => {
  const kept = settingsIn({
    theme: 'dark',
    zone: 'mars',
    editor: 'notepad',
    sourceRoot: 7,
    containerRoot: '/app',
    font: 'large',
  });
  expect(kept).toEqual({
    theme: 'dark',
    zone: 'local',
    times: 'absolute',
    editor: 'vscode',
    sourceRoot: '',
    containerRoot: '/app',
    links: [],
  });
});

test('whatever was kept, a file of a stack trace can be opened', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ editor: fc.string(), sourceRoot: fc.jsonValue() })), (kept) => {
      settings.value = settingsIn(kept);
      expect(editorHref('/srv/app.py', 3)).toMatch(/^\w+:\/\/.*app\.py/);
    }),
  );
});

test('saved filters need a name and something to search for', () => {
  const named = { name: 'slow', filter: 'duration > 1', text: '' };
  expect(
    filtersIn([
      named,
      { name: 'text', text: 'acme' },
      { name: '', filter: 'ok' },
      { name: 'empty', filter: '' },
      null,
      'x',
    ]),
  ).toEqual([named, { name: 'text', filter: '', text: 'acme' }]);
  for (const kept of [undefined, null, {}, 'x', 7]) expect(filtersIn(kept)).toEqual([]);
});
