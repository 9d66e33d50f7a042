import { count } from '../../../core/text/wording.ts';
import { couldNotLook, fail, pass, warn, type Check } from '../check.ts';

export const manifestsCheck: Check = {
  id: 'manifests',
  title: 'Manifests',
  why: 'a manifest proves which processes belong to a tree; without it, only their marks do',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation, target }) => {
    const { damaged, manifests } = (await observation()).reading;
    const describe = (kind: string): string =>
      damaged
        .filter((item) => item.kind === kind)
        .map(({ file, reason }) => `${file} ${reason}`)
        .join('; ');
    const [broken, unreadable, newer] = ['damaged', 'unreadable', 'newer'].map(describe);
    if (broken) return fail([broken, unreadable].filter(Boolean).join('; '), target.commandLine('doctor', '--fix'));
    if (unreadable) return couldNotLook(unreadable, 'Check the owner and mode of the file and of its folder');
    if (newer) return warn(newer, 'Use the claude-mem version that wrote it');
    return pass(`${count(manifests.length, 'manifest')}, all readable`);
  },
};
