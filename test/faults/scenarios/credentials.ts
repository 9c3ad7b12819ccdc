import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../fakes/eventually.ts';
import { Gate } from '../gate.ts';
import type { IdentityKind } from '../identity.ts';
import { drainsIn, RATE, through, type Scenario } from '../scenario.ts';

/** Who gives credentials, or the name of X-Ray, leads nowhere for a while. */
export const CREDENTIALS: readonly Scenario[] = [
  hanging('R25-sts', 'web_identity', 'STS never answers its first calls, and again while the daemon runs'),
  hanging(
    'R25-agent',
    'container',
    'the container agent never answers its first call, and again while the daemon runs',
  ),
  {
    id: 'R26',
    title: "X-Ray's name moves; the old host answers 503 on connections that are kept",
    config: { preload: 'moved-name', host: 'xray.test' },
    run: async (harness, scale) => {
      const next = await new Gate(harness.oracle.port, {
        host: '127.0.0.2',
        from: '127.0.0.2',
        port: harness.gate.port,
      }).start();
      try {
        return await through(harness, scale, () => {
          writeFileSync(join(harness.folder, 'moved'), '');
          harness.oracle.intercept = ({ target, from }) =>
            target === '/TraceSegments' && from === '127.0.0.1' ? { status: 503 } : undefined;
        });
      } finally {
        await next.stop();
      }
    },
    check: drainsIn(5),
  },
];

/** The longest pause between two searches, and an attempt that hangs. */
const NEXT_SEARCH_MS = 75_000;

/**
 * Credentials that live for seconds, of which the first calls and those of a while in the middle are never answered.
 */
function hanging(id: string, kind: IdentityKind, title: string): Scenario {
  return {
    id,
    title,
    config: { identity: { kind, hangs: 1, lifetimeMs: 6_000 } },
    run: async (harness, { seconds }) => {
      const identity = harness.identity!;
      identity.hang(Infinity);
      await harness.load.steady(RATE, Math.max(seconds, 14));
      identity.hang(0);
      const { length } = identity.issued;
      await eventually(() => identity.issued.length > length, NEXT_SEARCH_MS, 'no new credentials came after the hang');
      return harness.settle();
    },
    check: (outcome, harness, scale) => [
      ...drainsIn(15)(outcome, harness, scale),
      !harness.daemon.log.some(({ msg }) => /cannot be refreshed|no AWS credentials/.test(msg)) &&
        'the log does not say that credentials are missing',
    ],
  };
}
