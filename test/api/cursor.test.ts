import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { ApiError } from '../../src/api/api-error.ts';
import { cursorAt, offsetOf, pageOf, placeOf, traceCursorOf } from '../../src/api/cursor.ts';

const places = fc.array(
  fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.string(),
  ),
  { maxLength: 4 },
);

test('a cursor gives its place back, for its own question only', () => {
  fc.assert(
    fc.property(places, fc.jsonValue(), fc.jsonValue(), (place, question, other) => {
      const cursor = cursorAt(place, [question]);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(placeOf(cursor, [question])).toEqual(place);
      if (JSON.stringify(question) !== JSON.stringify(other)) expect(placeOf(cursor, [other])).toBeUndefined();
    }),
  );
});

test('no other text is a cursor', () => {
  const cursor = cursorAt([5, 1.5], ['rows']);
  for (const text of [
    '',
    'x',
    '5',
    'null',
    `${cursor}=`,
    ` ${cursor}`,
    cursor.slice(1),
    Buffer.from('[5,1.5]').toString('base64url'),
  ])
    expect(placeOf(text, ['rows']), text).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => placeOf(text, ['rows']) === undefined));
});

test('a cursor of another kind of list is refused', () => {
  expect(traceCursorOf(cursorAt([5], []), [])).toBeUndefined();
  expect(traceCursorOf(cursorAt([-5, 1], []), [])).toBeUndefined();
  expect(traceCursorOf(cursorAt([5, 'x'], []), [])).toBeUndefined();
  expect(traceCursorOf(cursorAt([5, 1, 1], []), [])).toBeUndefined();
  expect(traceCursorOf(cursorAt([5, 1], []), [])).toEqual({ row: 5, time: 1 });
  for (const place of [[-1], [1.5], ['1'], [1, 1], []])
    expect(() => offsetOf(cursorAt(place, []), [])).toThrow(ApiError);
});

test('pages follow each other to the end, whatever their size', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), (items, MaxResults) => {
      const found: number[] = [];
      let token: string | null | undefined;
      do {
        const page = pageOf(items, {
          ...(token === undefined || token === null ? {} : { NextToken: token }),
          MaxResults,
          most: 3,
          question: [],
        });
        found.push(...page.items);
        token = page.NextToken;
      } while (token !== null);
      expect(found).toEqual(items);
    }),
  );
});
