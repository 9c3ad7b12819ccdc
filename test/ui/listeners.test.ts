import { expect, test } from 'vitest';
import { Listeners } from '../../ui/src/listeners.ts';

test('of two that listen both are told, and one that leaves does not silence the other', () => {
  const changed = new Listeners<[id: string]>();
  const told: string[] = [];
  const leave = changed.add((id) => told.push(`trace ${id}`));
  changed.add((id) => told.push(`map ${id}`));
  changed.tell('a');
  leave();
  leave();
  changed.tell('b');
  expect(told).toEqual(['trace a', 'map a', 'map b']);
});
