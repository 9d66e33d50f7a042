import { expect } from 'vitest';
import type { ErrorCode } from '../../src/shared/errors.ts';

/** An expected error for `toThrow`: its code and a matching message. */
export function anError(code: ErrorCode, message: RegExp | string = ''): Error {
  const text: unknown = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ code, message: text }) as Error;
}
