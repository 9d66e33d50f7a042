import { count } from '../../../core/text/wording.ts';
import { couldNotLook, pass, type Check } from '../check.ts';

export const processTableCheck: Check = {
  id: 'process-table',
  title: 'Process table',
  why: 'an unreadable process may be a leak',
  needs: ['data-dir'],
  run: async ({ observation }) => {
    const { snapshot } = (await observation()).reading;
    const read = `${count(snapshot.processes.length, 'process', 'processes')} read (${snapshot.source})`;
    if (!snapshot.complete) return couldNotLook(`${read}, but the listing is incomplete`);
    if (snapshot.unreadable > 0)
      return couldNotLook(
        `${read}, but ${count(snapshot.unreadable, 'possible claude-mem process', 'possible claude-mem processes')} could not be read`,
        'Run doctor as the user who owns them, without hidepid on /proc',
      );
    return pass(read);
  },
};
