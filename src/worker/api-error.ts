import type { FastifyReply } from 'fastify';

/** The kind of error, as a stable word for programs (`error.code` in the body). */
export type ApiErrorCode =
  | 'bad-request'
  | 'malformed-json'
  | 'unauthorized'
  | 'forbidden'
  | 'excluded'
  | 'not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'vectors-unavailable'
  | 'storage-unavailable'
  | 'shutting-down'
  | 'internal';

/** An expected error response. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: ApiErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The body of every error response. */
export function errorBody({ code, message }: Pick<ApiError, 'code' | 'message'>) {
  return { error: { code, message } };
}

export function replyWithError(reply: FastifyReply, error: ApiError): FastifyReply {
  return reply.code(error.status).headers(error.headers).send(errorBody(error));
}
