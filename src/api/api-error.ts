import { EMPTY_REFUSAL } from '../formats/xray/validate.ts';
import type { Refusal } from '../trace/model.ts';

/** A message may quote what a client sent, which may be megabytes. */
const MAX_MESSAGE = 1_000;

/** An error response in AWS's form: the type in `x-amzn-errortype`, the message in the body. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  /** The requested resource, in a ResourceNotFoundException. */
  readonly resourceName: string | undefined;

  /** `message` is "" where AWS sends none. */
  constructor(type: string, message: string, status = 400, resourceName?: string) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
    this.name = 'ApiError';
    this.type = type;
    this.status = status;
    this.resourceName = resourceName;
  }
}

/**
 * No group or rule has this ARN, or no indexing rule this name. Source of the message: recorded answers of X-Ray to
 * ListTagsForResource.
 */
export function notFound(resource: string): ApiError {
  return new ApiError('ResourceNotFoundException', `Resource ${resource} not found`, 404, resource);
}

/** For requests at which AWS fails, although it should refuse them. Source: recorded answers of X-Ray. */
export function internalFailure(): ApiError {
  return new ApiError('InternalFailure', '', 500);
}

export function noSuchTrace(): ApiError {
  return new ApiError('ResourceNotFoundException', 'There is no such trace', 404);
}

export function invalid(message: string): ApiError {
  return new ApiError('InvalidRequestException', message);
}

/** The refusals of empty documents, which hold nothing to store. */
export function emptyRefusals(count: number): Refusal[] {
  return Array.from({ length: count }, () => EMPTY_REFUSAL);
}

/** Refused documents, in the form in which X-Ray lists them. */
export function unprocessed(refused: readonly Refusal[]): object[] {
  return refused.map(({ id, code, message }) => ({ Id: id, ErrorCode: code, Message: message }));
}
