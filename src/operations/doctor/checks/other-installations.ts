import { judgeRegistries } from '../../../core/tree/other-installations.ts';
import { pass, warn, type Check } from '../check.ts';

export const otherInstallationsCheck: Check = {
  id: 'other-installations',
  title: 'Other installations',
  why: 'a second claude-mem stores the same sessions twice and may take the port',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation }) => {
    const { reading, index } = await observation();
    const { liveRecords } = judgeRegistries(reading.otherRegistries, index);
    const workers = [...liveRecords].filter(([, { isWorker }]) => isWorker);
    if (workers.length > 0) {
      const each = workers.map(([pid, { detail }]) => `pid ${pid} (${detail})`);
      return warn(
        `another claude-mem runs on this data dir: ${each.join('; ')}`,
        'To remove it, use its own command or uninstall the plugin; this claude-mem never touches it',
      );
    }
    const files = reading.otherRegistries.map(({ file }) => file);
    return pass(files.length === 0 ? 'none on this data dir' : `none running; found its files (${files.join(', ')})`);
  },
};
