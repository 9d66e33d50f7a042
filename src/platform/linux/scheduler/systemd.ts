import { join } from 'node:path';
import { intervalProblem } from '../../../core/guard/interval.ts';
import { renderService, renderTimer } from '../../../core/guard/systemd-units.ts';
import type { ScheduledEntry, Scheduler, SchedulerFiles } from '../../../operations/ports/guard.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { describeFailure, type RunTool } from '../../run-tool.ts';

export interface SystemdSystem {
  readonly run: RunTool;
  readonly files: SchedulerFiles;
  /** `$XDG_CONFIG_HOME/systemd/user`. */
  readonly unitFolder: string;
  /** Additions for `systemctl --user`, which finds its manager by XDG_RUNTIME_DIR. */
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
}

/** A timer of the user's own systemd manager. */
export function createSystemd({ run, files, unitFolder, env, uid }: SystemdSystem): Scheduler {
  const systemctl = (...args: readonly string[]) => run(['systemctl', '--user', '--no-pager', ...args], { env });
  const pathsOf = (name: string) => ({
    service: join(unitFolder, `${name}.service`),
    timer: join(unitFolder, `${name}.timer`),
  });
  const must = async (...args: readonly string[]) => {
    const result = await systemctl(...args);
    if (result.exitCode === 0) return;
    throw new ClaudeMemError('io', describeFailure(`systemctl --user ${args.join(' ')}`, result), {
      hint: 'Check that `systemctl --user status` works, or use --scheduler cron.',
    });
  };
  const removeFiles = (name: string) => {
    const { service, timer } = pathsOf(name);
    return [timer, service].filter((path) => files.remove(path));
  };
  return {
    kind: 'systemd',
    whyUnusable: async () => {
      const result = await systemctl('show', '--property=Version');
      return result.exitCode === 0 ? undefined : describeFailure('systemctl --user', result);
    },
    whyRefused: ({ everySeconds }) => intervalProblem(everySeconds, 'systemd'),
    preview: (entry) => {
      const { service, timer } = pathsOf(entry.name);
      return [
        { path: service, content: renderService(entry) },
        { path: timer, content: renderTimer(entry) },
      ];
    },
    install: async (entry) => {
      const { service, timer } = pathsOf(entry.name);
      const isNew = !files.exists(timer);
      try {
        files.write(service, renderService(entry));
        files.write(timer, renderTimer(entry));
        await must('daemon-reload');
        await must('enable', `${entry.name}.timer`);
        await must('restart', `${entry.name}.timer`);
      } catch (error) {
        if (isNew) {
          await systemctl('disable', '--now', `${entry.name}.timer`);
          removeFiles(entry.name);
          await systemctl('daemon-reload');
        }
        throw error;
      }
    },
    remove: async (name) => {
      const { timer } = pathsOf(name);
      if (files.exists(timer)) await must('disable', '--now', `${name}.timer`);
      const removed = removeFiles(name);
      if (removed.length === 0) return [];
      await must('daemon-reload');
      // Only a failed service has a state to reset.
      await systemctl('reset-failed', `${name}.service`);
      return removed.map((path) => `Removed ${path}`);
    },
    find: async ({ name }) => {
      if (!files.exists(pathsOf(name).timer)) return { state: 'absent', nextRunAt: null, remark: null };
      const shown = await systemctl('show', `${name}.timer`, '--property=ActiveState');
      if (shown.exitCode !== 0)
        return { state: 'unknown', nextRunAt: null, remark: describeFailure('systemctl --user', shown) };
      if (!/^ActiveState=active$/m.test(shown.stdout)) return { state: 'stopped', nextRunAt: null, remark: null };
      return { state: 'scheduled', nextRunAt: await nextRun(systemctl, name), remark: await lingerRemark(run, uid) };
    },
  };
}

/** Microseconds since 1970; systemd before version 248 has no JSON here. */
async function nextRun(
  systemctl: (...args: readonly string[]) => ReturnType<RunTool>,
  name: string,
): Promise<ScheduledEntry['nextRunAt']> {
  const { stdout } = await systemctl('list-timers', '--all', '--output=json', `${name}.timer`);
  const next = /"next"\s*:\s*(\d{13,17})\b/.exec(stdout)?.[1];
  return next === undefined ? null : new Date(Number(next) / 1000).toISOString();
}

const WITHOUT_LINGER = 'The timer runs only while you are logged in. To run it always: loginctl enable-linger';

async function lingerRemark(run: RunTool, uid: number): Promise<string | null> {
  const { exitCode, stdout } = await run(['loginctl', 'show-user', String(uid), '--property=Linger']);
  return exitCode === 0 && /^Linger=no$/m.test(stdout) ? WITHOUT_LINGER : null;
}
