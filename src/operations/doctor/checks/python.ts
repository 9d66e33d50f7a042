import { blocking, fail, pass, skip, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

/** uv runs every Python it finds to get its version. Milliseconds. */
const LIMIT_MS = 30_000;

export const pythonCheck: Check = {
  id: 'python',
  title: 'Python for Chroma',
  why: 'chroma-mcp runs on the first suitable Python that uv finds',
  needs: ['uv'],
  limitMs: LIMIT_MS,
  run: async ({ settings, target, chroma, signal }) => {
    const { pythonVersion } = settings();
    try {
      const python = await chroma.findPython(signal);
      return python === undefined ? skip('not checked: there is no uv next to uvx') : pass(python);
    } catch (error) {
      if (signal.aborted) throw error;
      const reason = messageOf(error);
      const fix = `${target.commandLine('setup')}  (or choose another version with CLAUDE_MEM_PYTHON_VERSION)`;
      return blocking(fail(`no Python matches "${pythonVersion}": ${reason}`, fix));
    }
  },
};
