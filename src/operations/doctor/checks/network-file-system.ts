import { pass, skip, warn, type Check } from '../check.ts';

export const networkFileSystemCheck: Check = {
  id: 'network-file-system',
  title: 'Local file system',
  why: 'kernel locks may not work across machines there, so two supervisors could share the data dir',
  needs: ['data-dir'],
  run: ({ target: { dataDir, platform }, folder }) => {
    const type = folder.networkType(dataDir);
    if (type !== undefined)
      return warn(
        `${dataDir} is on a network file system (${type})`,
        'Run claude-mem on one machine at a time, or choose a local folder with --data-dir',
      );
    return platform === 'linux' ? pass('the data dir is not on a network file system') : skip('checked on Linux only');
  },
};
