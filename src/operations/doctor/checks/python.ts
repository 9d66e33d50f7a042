import { blocking, fail, pass, skip, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

/** uv asks every Python it finds for its version, in milliseconds. */
const LIMIT_MS = 30_000;

export const pythonCheck: Check = {
  id: 'python',
  title: 'A Python for Chroma',
  why: 'chroma-mcp runs on it; uv takes the first that fits',
  needs: ['uv'],
  limitMs: LIMIT_MS,
  run: async ({ settings, place, chroma, signal }) => {
    const { pythonVersion } = settings();
    try {
      const python = await chroma.findPython(signal);
      return python === undefined ? skip('no uv stands beside uvx; it looks for itself') : pass(python);
    } catch (error) {
      if (signal.aborted) throw error;
      const reason = messageOf(error);
      const fix = `${place.commandLine('setup')}  (or name another with CLAUDE_MEM_PYTHON_VERSION)`;
      return blocking(fail(`no Python that fits "${pythonVersion}": ${reason}`, fix));
    }
  },
};
