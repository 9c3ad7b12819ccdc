import type { Entity } from './entity.ts';
import { member, textOf } from '../json/json.ts';

/** The `http` block of an entity, with the names that summaries, filters and the page use. */
export interface HttpFields {
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly userAgent: string | undefined;
  readonly clientIp: string | undefined;
  readonly status: number | undefined;
}

export function httpOf(entity: Entity | undefined): HttpFields {
  const request = member(entity?.json['http'], 'request');
  return {
    url: textOf(member(request, 'url')),
    method: textOf(member(request, 'method')),
    userAgent: textOf(member(request, 'user_agent')),
    clientIp: textOf(member(request, 'client_ip')),
    status: entity?.httpStatus,
  };
}
