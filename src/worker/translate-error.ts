import { ClaudeMemError } from '../shared/errors.ts';
import { ApiError } from './api-error.ts';

/** Framework errors that a client can cause (https://fastify.dev/docs/latest/Reference/Errors/). */
const FRAMEWORK_ERRORS: Readonly<Record<string, readonly [status: number, code: ApiError['code'], message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body-too-large', 'the body is larger than 1 MiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported-media-type', 'the body must be application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'bad-request', 'the length of the body does not match Content-Length'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed-json', 'the body is not valid JSON'],
  FST_ERR_BAD_URL: [400, 'bad-request', 'the URL cannot be decoded'],
  FST_ERR_VALIDATION: [400, 'bad-request', 'the request is not valid'],
};

/** Converts any error into an API error. Details of unexpected errors are not sent to the client. */
export function translateError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ClaudeMemError) {
    const hint = error.hint === undefined ? '' : ` ${error.hint}`;
    return new ApiError(503, 'storage-unavailable', `${error.message}.${hint}`);
  }
  if (error instanceof SyntaxError && 'statusCode' in error) {
    return new ApiError(400, 'malformed-json', `the body is not valid JSON: ${error.message}`);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = FRAMEWORK_ERRORS[code];
  if (known !== undefined) return new ApiError(...known);
  return new ApiError(500, 'internal', 'internal error; see the worker log for details');
}
