import { expect, test } from 'vitest';
import { Object as ObjectOf, String as Text } from '../../src/api/type.ts';
import { lazyValidators } from '../../src/api/lazy-validators.ts';

test('a schema is compiled when its first request is checked, and once', () => {
  let reads = 0;
  const schema = {
    get type() {
      reads++;
      return 'object';
    },
  };
  const validate = lazyValidators()({ schema });
  expect(reads).toBe(0);
  expect(validate({})).toBe(true);
  const after = reads;
  expect(after).toBeGreaterThan(0);
  expect(validate([])).toBe(false);
  expect(reads).toBe(after);
});

test('all violations are listed, those of the last call only, and members without a schema are removed', () => {
  const validate = lazyValidators()({ schema: ObjectOf({ Name: Text(), Value: Text({ minLength: 1 }) }) });
  expect(validate({ Name: 1, Value: '' })).toBe(false);
  expect(validate.errors?.map(({ instancePath }) => instancePath)).toEqual(['/Name', '/Value']);
  const body = { Name: 'a', Value: 'b', Other: { x: 1 } };
  expect(validate(body)).toBe(true);
  expect(validate.errors).toBeNull();
  expect(body).toEqual({ Name: 'a', Value: 'b' });
});
