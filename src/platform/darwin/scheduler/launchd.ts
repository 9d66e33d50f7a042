import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { intervalProblem } from '../../../core/guard/interval.ts';
import { agentLabel, renderLaunchAgent } from '../../../core/guard/launch-agent.ts';
import { isXmlText } from '../../../core/guard/xml-text.ts';
import type { Scheduler, SchedulerFiles } from '../../../operations/ports/guard.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { describeFailure, type RunTool } from '../../run-tool.ts';

export interface LaunchdSystem {
  readonly run: RunTool;
  readonly files: SchedulerFiles;
  /** `~/Library/LaunchAgents`. */
  readonly agentFolder: string;
  readonly uid: number;
}

/** In milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** An agent of the user. Without a graphical login, as over ssh, the domain of the user takes the place of the one of the session. */
export function createLaunchd({ run, files, agentFolder, uid }: LaunchdSystem): Scheduler {
  const domains = [`gui/${uid}`, `user/${uid}`];
  const fileOf = (name: string) => join(agentFolder, `${agentLabel(name)}.plist`);
  const unload = async (name: string) => {
    for (const domain of domains) await run(['launchctl', 'bootout', `${domain}/${agentLabel(name)}`]);
  };
  return {
    kind: 'launchd',
    whyUnusable: async () => {
      const result = await run(['launchctl', 'version']);
      return result.exitCode === 0 ? undefined : describeFailure('launchctl', result);
    },
    whyRefused: ({ everySeconds, script }) =>
      intervalProblem(everySeconds, 'launchd') ??
      (isXmlText(script) ? undefined : 'a property list cannot contain the characters of the data dir'),
    preview: (entry) => [{ path: fileOf(entry.name), content: renderLaunchAgent(entry) }],
    install: async (entry) => {
      const file = fileOf(entry.name);
      files.write(file, renderLaunchAgent(entry));
      await unload(entry.name);
      const failures: string[] = [];
      for (const [at, domain] of [...domains, ...domains].entries()) {
        // An agent that was just unloaded may take a moment to end.
        if (at === domains.length) await sleep(RETRY_AFTER_MS);
        const result = await run(['launchctl', 'bootstrap', domain, file]);
        if (result.exitCode === 0) return;
        failures.push(describeFailure(`launchctl bootstrap ${domain}`, result));
      }
      files.remove(file);
      throw new ClaudeMemError('io', [...new Set(failures)].join('; '), {
        hint: 'Log in on this Mac, or use --scheduler cron.',
      });
    },
    remove: async (name) => {
      const file = fileOf(name);
      if (!files.exists(file)) return [];
      await unload(name);
      files.remove(file);
      return [`Removed ${file}`];
    },
    find: async ({ name }) => {
      if (!files.exists(fileOf(name))) return { state: 'absent', nextRunAt: null, remark: null };
      for (const domain of domains) {
        const { exitCode, failure } = await run(['launchctl', 'print', `${domain}/${agentLabel(name)}`]);
        if (exitCode === 0) return { state: 'scheduled', nextRunAt: null, remark: null };
        if (failure !== undefined) return { state: 'unknown', nextRunAt: null, remark: failure };
      }
      return { state: 'stopped', nextRunAt: null, remark: null };
    },
  };
}
