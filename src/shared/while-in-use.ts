import { errnoOf } from './errors.ts';

/** In milliseconds. The other process reads or replaces one small file. */
const WAIT_MS = 10;
const ATTEMPTS = 50;
const IN_USE = new Set(['EPERM', 'EACCES', 'EBUSY']);

/**
 * Repeats an access to a file that another process is just reading or replacing: Windows refuses it meanwhile. Systems with users by
 * number never do, so there the first failure counts.
 * @throws the last error of the access, after half a second.
 */
export function whileInUse<Result>(access: () => Result): Result {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return access();
    } catch (error) {
      const mayPass = process.geteuid === undefined && IN_USE.has(errnoOf(error) ?? '') && attempt < ATTEMPTS;
      if (!mayPass) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}
