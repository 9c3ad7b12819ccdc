import { readDocument } from '../formats/xray/validate.ts';
import type { Refusal } from '../trace/model.ts';

const EMPTY = readDocument('') as Refusal;

/** A message names what a client sent, which may be megabytes. */
const MAX_MESSAGE = 1_000;

/** An answer that is an error, as AWS writes it: the type in `x-amzn-errortype`, the message in the body. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  /** Of a ResourceNotFoundException: what was asked for. */
  readonly resourceName: string | undefined;

  /** AWS says nothing in some errors: then `message` is "". */
  constructor(type: string, message: string, status = 400, resourceName?: string) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
    this.name = 'ApiError';
    this.type = type;
    this.status = status;
    this.resourceName = resourceName;
  }
}

/** A group or a rule of this ARN, an indexing rule of this name, … Source of the words: recorded answers of X-Ray to ListTagsForResource. */
export function notFound(resource: string): ApiError {
  return new ApiError('ResourceNotFoundException', `Resource ${resource} not found`, 404, resource);
}

/** Where AWS fails at a request that it should refuse. Source: recorded answers of X-Ray. */
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
  return Array.from({ length: count }, () => EMPTY);
}

/** Refused documents as X-Ray lists them. */
export function unprocessed(refused: readonly Refusal[]): object[] {
  return refused.map(({ id, code, message }) => ({ Id: id, ErrorCode: code, Message: message }));
}
