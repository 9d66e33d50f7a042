import { isSwitchedOff, OFF_BY_SETTING } from '../../../core/health/chroma-off.ts';
import { fail, pass, skip, warn, type Check } from '../check.ts';

export const chromaCheck: Check = {
  id: 'chroma',
  title: 'Chroma',
  why: 'Chroma finds memories by meaning; it catches up after an outage',
  needs: ['settings', 'supervisor', 'worker', 'process-table'],
  run: async ({ status, settings, observation, target }) => {
    if (!settings().chromaEnabled) return skip(OFF_BY_SETTING);
    const supervisor = await status();
    if (supervisor === undefined) return skip('claude-mem is not running');
    const { mode, reason } = supervisor.search;
    if (/\bstarting\b|\bfetch/i.test(reason ?? '')) return warn(reason ?? '');
    if (mode !== 'semantic' && isSwitchedOff(reason))
      return skip(`${reason ?? ''}; ${target.commandLine('restart')} switches it on`);
    if (mode !== 'semantic')
      return fail(`search is by keyword only: ${reason ?? 'no reason given'}`, fixOf(reason, target));
    const { judgements } = await observation();
    const running = judgements.filter(({ role, verdict }) => role === 'chroma-sync' && verdict === 'managed');
    if (running.length === 0) return pass('ready; starts with the next session or search');
    return pass(`running (pid ${running.map(({ row }) => row.pid).join(', ')})`);
  },
};

function fixOf(
  reason: string | null,
  { commandLine }: { readonly commandLine: (...words: string[]) => string },
): string {
  return /setup|uvx|model|packages/i.test(reason ?? '') ? commandLine('setup') : commandLine('logs', 'worker');
}
