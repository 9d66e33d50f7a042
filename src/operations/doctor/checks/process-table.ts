import { count } from '../../../core/text/wording.ts';
import { couldNotLook, pass, type Check } from '../check.ts';

export const processTableCheck: Check = {
  id: 'process-table',
  title: 'Process table',
  why: 'what could not be read may be a leak',
  needs: ['data-dir'],
  run: async ({ observation }) => {
    const { snapshot } = (await observation()).reading;
    const read = `${count(snapshot.processes.length, 'process', 'processes')} read (${snapshot.source})`;
    if (!snapshot.complete) return couldNotLook(`${read}, but the listing is incomplete`);
    if (snapshot.unreadable > 0)
      return couldNotLook(
        `${read}, but ${snapshot.unreadable} that may be ours could not be looked at`,
        'Run it as the user whom they belong to, where /proc hides nothing (hidepid)',
      );
    return pass(read);
  },
};
