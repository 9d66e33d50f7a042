import { pass, skip, warn, type Check } from '../check.ts';

export const versionCheck: Check = {
  id: 'version',
  title: 'Version',
  why: 'after an upgrade the old tree keeps running until the next restart',
  needs: ['supervisor'],
  run: async ({ status, target }) => {
    const supervisor = await status();
    if (supervisor === undefined) return skip(`this is ${target.version}; claude-mem is not running`);
    if (supervisor.version === target.version) return pass(`${target.version}, here and in the running tree`);
    return warn(`this is ${target.version}, the running tree is ${supervisor.version}`, target.commandLine('restart'));
  },
};
