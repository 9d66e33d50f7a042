import { fail, pass, warn, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

/** The check imports all of chroma-mcp, which takes tens of seconds on a cold disk. Milliseconds. */
const LIMIT_MS = 60_000;

export const packagesCheck: Check = {
  id: 'packages',
  title: "Chroma's packages",
  why: 'if uv must download them first, the first semantic answer takes minutes',
  needs: ['uv', 'python'],
  limitMs: LIMIT_MS,
  run: async ({ target, chroma, signal }) => {
    try {
      return (await chroma.arePackagesCached(signal))
        ? pass("in uv's cache and working")
        : warn("not in uv's cache yet", target.commandLine('setup'));
    } catch (error) {
      if (signal.aborted) throw error;
      return fail(messageOf(error), target.commandLine('setup'));
    }
  },
};
