import type { Entity } from '../../../src/xray/trace/entity.ts';
import { member, textOf } from '../../../src/xray/trace/json.ts';

export interface Http {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly userAgent: string | undefined;
  readonly clientIp: string | undefined;
  /** Bytes. */
  readonly length: number | undefined;
}

export function httpOf({ json, httpStatus }: Entity): Http {
  const request = member(json['http'], 'request');
  const length = member(member(json['http'], 'response'), 'content_length');
  return {
    method: textOf(member(request, 'method')),
    url: textOf(member(request, 'url')),
    status: httpStatus,
    userAgent: textOf(member(request, 'user_agent')),
    clientIp: textOf(member(request, 'client_ip')),
    length: typeof length === 'number' ? length : undefined,
  };
}
