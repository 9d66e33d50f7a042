import { pm2Workers } from '../../../core/tree/pm2.ts';
import { pass, warn, type Check } from '../check.ts';

export const pm2Check: Check = {
  id: 'pm2',
  title: 'Leftovers of PM2',
  why: 'PM2 restarts an old claude-mem-worker whenever it ends, and that worker leaks processes',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation, others }) => {
    const { index } = await observation();
    const running = pm2Workers(index);
    const saved = others.pm2();
    const found = [
      ...running.map(({ row, daemon }) => `PM2 (pid ${daemon.pid}) runs pid ${row.pid} (${row.command || row.name})`),
      ...(saved === undefined || saved.saved.length === 0
        ? []
        : [`${saved.folder}/dump.pm2 starts ${saved.saved.join(', ')} at the next boot`]),
    ];
    if (found.length === 0) return pass('none');
    return warn(found.join('; '), 'pm2 delete claude-mem-worker && pm2 save --force');
  },
};
