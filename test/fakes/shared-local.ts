import { beforeEach } from 'vitest';
import { LocalXRay } from './local-xray.ts';
import { Scope } from './scope.ts';

/**
 * One local X-Ray for all tests of a file, which has no traces when a test begins. A start takes more CPU time than most
 * tests, so only a test of the start, of an option or of the counters has one of its own. Call it in the file.
 */
export async function sharedLocal(...args: string[]): Promise<LocalXRay> {
  const local = await LocalXRay.of(Scope.shared(), ...args);
  beforeEach(() => local.clear());
  return local;
}
