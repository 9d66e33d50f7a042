import { pass, skip, warn, type Check } from '../check.ts';

export const versionCheck: Check = {
  id: 'version',
  title: 'Version',
  why: 'after an upgrade the old tree keeps running until the next restart',
  needs: ['supervisor'],
  run: async ({ status, place }) => {
    const supervisor = await status();
    if (supervisor === undefined) return skip(`this is ${place.version}; claude-mem is not running`);
    if (supervisor.version === place.version) return pass(`${place.version}, here and in the running tree`);
    return warn(`this is ${place.version}, the running tree is ${supervisor.version}`, place.commandLine('restart'));
  },
};
