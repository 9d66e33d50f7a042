import { pass, skip, warn, type Check } from '../check.ts';

export const versionCheck: Check = {
  id: 'version',
  title: 'Version',
  why: 'after an upgrade the old tree runs on until it is restarted',
  needs: ['supervisor'],
  run: async ({ status, place }) => {
    const supervisor = await status();
    if (supervisor === undefined) return skip(`this is ${place.version}; nothing runs to compare it with`);
    if (supervisor.version === place.version) return pass(`${place.version}, here and in the running tree`);
    return warn(`this is ${place.version}, the running tree is ${supervisor.version}`, place.commandLine('restart'));
  },
};
