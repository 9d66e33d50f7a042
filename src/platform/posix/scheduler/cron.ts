import {
  addCronBlock,
  cronBlock,
  cronCommand,
  hasCronBlock,
  LONGEST_CRON_COMMAND,
  removeCronBlock,
} from '../../../core/guard/crontab.ts';
import { intervalProblem, nextCronRun } from '../../../core/guard/interval.ts';
import type { Scheduler } from '../../../operations/ports/guard.ts';
import { ClaudeMemError, messageOf } from '../../../shared/errors.ts';
import { describeFailure, type RunTool } from '../../run-tool.ts';

export interface CronSystem {
  readonly run: RunTool;
  readonly userName: string;
  readonly now: () => Date;
  /** Undefined: unknown. */
  readonly isDaemonRunning: () => boolean | undefined;
}

/** The crontab of this user. */
export function createCron({ run, userName, now, isDaemonRunning }: CronSystem): Scheduler {
  const read = () => readCrontab(run);
  const update = async (change: (crontab: string) => string) => {
    const before = await read();
    const after = change(before ?? '');
    if (after === (before ?? '')) return false;
    await write(run, { before, after });
    return true;
  };
  return {
    kind: 'cron',
    whyUnusable: async (isNamed) => {
      try {
        await read();
        return isNamed || isDaemonRunning() !== false ? undefined : 'no cron daemon runs';
      } catch (error) {
        return messageOf(error);
      }
    },
    whyRefused: ({ everySeconds, script }) => {
      const problem = intervalProblem(everySeconds, 'cron');
      if (problem !== undefined) return problem;
      return cronCommand(script).length > LONGEST_CRON_COMMAND ? 'the path of the data dir is too long' : undefined;
    },
    preview: (entry) => [{ path: `crontab of ${userName}`, content: cronBlock(entry) }],
    install: async (entry) => {
      await update((crontab) => addCronBlock(crontab, entry));
      if (!hasCronBlock((await read()) ?? '', entry)) throw changedMeanwhile();
    },
    remove: async (name) => {
      const isChanged = await update((crontab) => removeCronBlock(crontab, name));
      return isChanged ? [`Removed ${name} from the crontab of ${userName}`] : [];
    },
    find: async (entry) => {
      try {
        if (!hasCronBlock((await read()) ?? '', entry)) return { state: 'absent', nextRunAt: null, remark: null };
      } catch {
        return { state: 'unknown', nextRunAt: null, remark: null };
      }
      const isStopped = isDaemonRunning() === false;
      const nextRunAt =
        entry.everySeconds > 0 && !isStopped ? nextCronRun(entry.everySeconds, now()).toISOString() : null;
      const remark = isStopped
        ? 'No cron daemon runs on this machine. Start it, such as with: sudo service cron start'
        : null;
      return { state: isStopped ? 'stopped' : 'scheduled', nextRunAt, remark };
    },
  };
}

/** "no crontab for u" (Vixie, cronie, macOS), "can't open 'u': No such file" (BusyBox), "can't open your crontab" (Solaris). */
const NO_CRONTAB = /no crontab for|can't open '[^']*': No such file|can't open your crontab/i;

/**
 * @returns undefined if the user has none.
 * @throws ClaudeMemError `io` for any other failure: writing a crontab then would lose the lines of the user.
 */
async function readCrontab(run: RunTool): Promise<string | undefined> {
  const result = await run(['crontab', '-l']);
  if (result.exitCode === 0) return result.stdout;
  if (result.failure === undefined && result.stdout === '' && NO_CRONTAB.test(result.stderr)) return undefined;
  throw new ClaudeMemError('io', describeFailure('crontab -l', result), {
    hint: 'Check that `crontab -l` works. The crontab was not changed.',
  });
}

/** Reads once more before it writes: a person may have an editor open. */
async function write(
  run: RunTool,
  { before, after }: { readonly before: string | undefined; readonly after: string },
): Promise<void> {
  if ((await readCrontab(run)) !== before) throw changedMeanwhile();
  const result = await (after === '' ? run(['crontab', '-r']) : run(['crontab', '-'], { stdin: after }));
  if (result.exitCode === 0) return;
  throw new ClaudeMemError('io', describeFailure('crontab', result), { hint: 'The crontab was not changed.' });
}

function changedMeanwhile(): ClaudeMemError {
  return new ClaudeMemError('io', 'the crontab was changed meanwhile', { hint: 'Run the command again.' });
}
