import { expect, test } from 'vitest';
import { Settings } from '../../src/api/saved.ts';

/** A store in the hands of the test: each save waits until it is settled. */
function setUp() {
  const saves: { values: Readonly<Record<string, string>>; settle: (error?: Error) => void }[] = [];
  const write = (_name: string, { values }: { values: Readonly<Record<string, string>> }): Promise<undefined> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    saves.push({ values, settle: (error) => (error === undefined ? resolve(undefined) : reject(error)) });
    return promise;
  };
  const settings = new Settings({ write }, { list: '["old"]' });
  const list = settings.value<readonly string[]>('list', []);
  const count = settings.value('count', 0);
  const add = (name: string) =>
    settings.change(() => {
      list.set([...list.value, name]);
      count.set(list.value.length);
      return { count: count.value };
    });
  const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
  return { settings, list, count, add, saves, turn };
}

test('runs changes one after the other, each on the result of the previous one', async () => {
  const { list, count, add, saves, turn } = setUp();
  const answers = Promise.all([add('a'), add('b'), add('c')]);
  for (let i = 0; i < 3; i++) {
    await turn();
    expect(saves).toHaveLength(i + 1);
    saves[i]!.settle();
  }
  expect(await answers).toEqual([{ count: 2 }, { count: 3 }, { count: 4 }]);
  expect([list.value, count.value]).toEqual([['old', 'a', 'b', 'c'], 4]);
});

test('saves everything that a change sets together, and shows it once it is on disk', async () => {
  const { list, count, add, saves, turn } = setUp();
  const answered = add('a');
  await turn();
  expect(saves[0]!.values).toEqual({ list: '["old","a"]', count: '2' });
  expect([list.value, count.value]).toEqual([['old'], 0]);
  saves[0]!.settle();
  await answered;
  expect([list.value, count.value]).toEqual([['old', 'a'], 2]);
});

test('a change that fails, in memory or on disk, changes nothing, and the next one runs', async () => {
  const { settings, list, count, add, saves, turn } = setUp();
  const refused = settings.change(() => {
    count.set(7);
    throw new Error('no');
  });
  const unsaved = add('lost');
  const saved = add('kept');
  await expect(refused).rejects.toThrow('no');
  await turn();
  saves[0]!.settle(new Error('disk full'));
  await expect(unsaved).rejects.toThrow('disk full');
  await turn();
  expect(saves[1]!.values).toEqual({ list: '["old","kept"]', count: '2' });
  saves[1]!.settle();
  await saved;
  expect([list.value, count.value]).toEqual([['old', 'kept'], 2]);
});

test('a change that sets nothing writes nothing', async () => {
  const { settings, saves } = setUp();
  expect(await settings.change(() => ({ a: 1 }))).toEqual({ a: 1 });
  expect(saves).toEqual([]);
});

test('values can be set only within a change', async () => {
  const { settings, count } = setUp();
  expect(() => count.set(1)).toThrow('outside of a change');
  const later = await settings.change(() => ({ set: () => count.set(1) }));
  expect(later.set).toThrow('outside of a change');
});
