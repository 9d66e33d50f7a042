import { HOOK_EVENTS } from '../../hooks/hook-event.ts';
import { couldNotLook, pass, skip, warn, type Check } from '../check.ts';

export const hooksCheck: Check = {
  id: 'hooks',
  title: 'Hooks of Claude Code',
  why: 'a hook whose program is gone stores nothing, and Claude Code shows an error',
  needs: ['data-dir'],
  run: ({ others, target }) => {
    const { settings, problem, hooks } = others.hooks();
    const fix = target.commandLine('integrate', '--write');
    if (problem !== undefined) return couldNotLook(problem, 'fix the file');
    if (hooks.length === 0) return skip(`not connected; ${fix} connects Claude Code`);
    const gone = hooks.find(({ missing }) => missing !== undefined);
    if (gone !== undefined) return warn(`the hook ${gone.event} runs ${gone.missing ?? ''}, which does not exist`, fix);
    const events = HOOK_EVENTS.filter((event) => !hooks.some((hook) => hook.event === event));
    if (events.length > 0) return warn(`${settings} has no hook for ${events.join(', ')}`, fix);
    const old = hooks.find(({ isOld }) => isOld);
    if (old !== undefined) return warn(`the hook ${old.event} runs the script of another version`, fix);
    return pass(`${HOOK_EVENTS.length} hooks in ${settings}, and their programs exist`);
  },
};
