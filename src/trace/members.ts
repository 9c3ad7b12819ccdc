import { double } from '../json/aws-json.ts';
import type { Outcome } from './model.ts';
import type { CauseKind, RootCause } from './root-causes.ts';
import type { ServiceId } from './service-id.ts';

/** A service as AWS writes it in summaries and root causes. */
export function serviceMembers({ name, type, accountId }: ServiceId): {
  Name: string;
  Names: string[];
  Type: string | null;
  AccountId: string | null;
} {
  return { Name: name, Names: [name], Type: type, AccountId: accountId };
}

export function outcomeMembers({ isFault, isError, isThrottle }: Outcome): {
  HasFault: boolean;
  HasError: boolean;
  HasThrottle: boolean;
} {
  return { HasFault: isFault, HasError: isError, HasThrottle: isThrottle };
}

/** A root cause as AWS writes it, and as `rootcause.json` is compared with it. */
export function causeMembers(kind: CauseKind, { isClientImpacting, services }: RootCause): object {
  return {
    ClientImpacting: isClientImpacting,
    Services: services.map(({ service, isInferred, path }) => ({
      ...serviceMembers(service),
      // compat: AWS writes null for services without an origin, and Grafana's X-Ray data source panics on it.
      Type: service.type ?? '',
      Inferred: isInferred,
      EntityPath: path.map(({ name, coverage, isRemote, exceptions }) =>
        kind === 'responsetime'
          ? { Name: name, Coverage: double(coverage), Remote: isRemote }
          : {
              Name: name,
              Exceptions: exceptions.map(({ type, message }) => ({ Name: type ?? '', Message: message })),
              Remote: isRemote,
            },
      ),
    })),
  };
}
