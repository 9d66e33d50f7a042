import { HOOK_EVENTS } from '../../hooks/hook-event.ts';
import type { InstalledHook } from '../../ports/doctor.ts';
import { couldNotLook, pass, skip, warn, type Check } from '../check.ts';

export const hooksCheck: Check = {
  id: 'hooks',
  title: 'Hooks of Claude Code',
  why: 'a hook whose program is gone stores nothing, and Claude Code shows an error',
  needs: ['data-dir'],
  run: ({ others, target }) => {
    const { problem, hooks } = others.hooks();
    const fix = target.commandLine('integrate', '--write');
    if (problem !== undefined) return couldNotLook(problem, 'fix the file');
    const [first] = hooks;
    if (first === undefined) return skip(`not connected; ${fix} connects Claude Code`);
    const broken = hooks.find((hook) => faultOf(hook) !== undefined);
    if (broken !== undefined) {
      const command = target.commandLine('integrate', '--write', '--settings', broken.settings);
      return warn(`the hook ${broken.event} in ${broken.settings} runs ${faultOf(broken) ?? ''}`, command);
    }
    const events = HOOK_EVENTS.filter((event) => !hooks.some((hook) => hook.event === event));
    if (events.length > 0) return warn(`${first.settings} has no hook for ${events.join(', ')}`, fix);
    const twice = hooks.findLast((hook) => hooks.some((other) => isBeside(hook, other)));
    if (twice !== undefined) {
      const command = target.commandLine('integrate', '--remove', '--no-mcp', '--settings', twice.settings);
      return warn(`the hook ${twice.event} in ${twice.settings} stores events that another hook stores, too`, command);
    }
    const files = [...new Set(hooks.map(({ settings }) => settings))].join(', ');
    return pass(`${new Set(hooks.map(({ event }) => event)).size} hooks in ${files}, and their programs exist`);
  },
};

function faultOf({ missing, otherProgram, isOld }: InstalledHook): string | undefined {
  if (missing !== undefined) return `${missing}, which does not exist`;
  if (otherProgram !== undefined) return `another program, ${otherProgram}`;
  return isOld ? 'the script of another version' : undefined;
}

/** Claude Code runs equal commands once. */
function isBeside(hook: InstalledHook, other: InstalledHook): boolean {
  return hook.event === other.event && hook.settings !== other.settings && hook.command !== other.command;
}
