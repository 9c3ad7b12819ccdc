import { expect, test } from 'vitest';
import { plain, segmentJson, sub, viewOf } from '../fakes/traces.ts';

test('the values of an annotation are distinct, however many there are and whatever their types', () => {
  const different = Array.from({ length: 40 }, (_, i) => [i, String(i)]).flat();
  const values = [...different, true, 'true', -0, ...different, false, true];
  const steps = values.map((value, i) =>
    sub('step', { id: (i + 1).toString(16).padStart(16, '0'), annotations: { key: value } }),
  );
  const { annotations } = viewOf(segmentJson('web', { subsegments: steps }));
  expect(plain(annotations.get('key'))).toEqual([...different, true, 'true', false]);
});
