import { fail, pass, warn, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

/** It imports all of chroma-mcp; a cold disk takes tens of seconds, in milliseconds. */
const LIMIT_MS = 60_000;

export const packagesCheck: Check = {
  id: 'packages',
  title: "Chroma's packages",
  why: 'if they have to be fetched first, the first semantic answer takes minutes',
  needs: ['uv', 'python'],
  limitMs: LIMIT_MS,
  run: async ({ place, chroma, signal }) => {
    try {
      return (await chroma.arePackagesCached(signal))
        ? pass("they are in uv's cache and work")
        : warn("they are not in uv's cache yet", place.commandLine('setup'));
    } catch (error) {
      if (signal.aborted) throw error;
      return fail(messageOf(error), place.commandLine('setup'));
    }
  },
};
