import { OFF_BY_SETTING } from '../../../core/health/chroma-off.ts';
import { blocking, fail, pass, reasonAlone, skip, warn, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

/** systemd's default PATH for services; launchd's is shorter. */
const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** A shim of a version manager may take seconds. Milliseconds. */
const LIMIT_MS = 15_000;

export const uvCheck: Check = {
  id: 'uv',
  title: 'uvx, which runs Chroma',
  why: 'without it search is by keyword only',
  needs: ['settings'],
  limitMs: LIMIT_MS,
  run: async ({ settings, target, chroma, signal }) => {
    if (!settings().chromaEnabled) return blocking(skip(OFF_BY_SETTING));
    const found = chroma.findUvx();
    const isChosen = settings().uvx !== undefined;
    if ('reason' in found) {
      const fix = isChosen ? 'Correct CLAUDE_MEM_UVX, or unset it to search for uvx' : target.commandLine('setup');
      return blocking(fail(reasonAlone(found.reason), fix));
    }
    let version: string;
    try {
      version = await chroma.askVersion(signal);
    } catch (error) {
      const reason = messageOf(error);
      return blocking(
        fail(`${found.file} does not work: ${reason}`, 'Repair it, or choose another one with CLAUDE_MEM_UVX'),
      );
    }
    const atService = chroma.findUvx(SERVICE_PATH);
    if ('reason' in atService)
      return warn(
        `${version} (${found.file}), but a service with a short PATH would not find it`,
        `Set CLAUDE_MEM_UVX to ${found.file}`,
      );
    const other = atService.file === found.file ? '' : `; a service with a short PATH would use ${atService.file}`;
    return pass(`${version} (${found.file})${other}`);
  },
};
