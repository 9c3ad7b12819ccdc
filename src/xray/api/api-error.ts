import type { Refusal } from '../trace/validate.ts';

/** A message names what a client sent, which may be megabytes. */
const MAX_MESSAGE = 1_000;

/** An answer that is an error, as AWS writes it: the type in `x-amzn-errortype`, the message in the body. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;

  constructor(type: string, message: string, status = 400) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
    this.name = 'ApiError';
    this.type = type;
    this.status = status;
  }
}

export function noSuchTrace(): ApiError {
  return new ApiError('ResourceNotFoundException', 'There is no such trace', 404);
}

export function invalid(message: string): ApiError {
  return new ApiError('InvalidRequestException', message);
}

/** Refused documents as X-Ray lists them. */
export function unprocessed(refused: readonly Refusal[]): object[] {
  return refused.map(({ id, code, message }) => ({ Id: id, ErrorCode: code, Message: message }));
}
