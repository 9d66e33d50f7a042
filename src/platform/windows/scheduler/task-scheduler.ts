import { intervalProblem } from '../../../core/guard/interval.ts';
import { renderTask } from '../../../core/guard/scheduled-task.ts';
import { isXmlText } from '../../../core/guard/xml-text.ts';
import type { Scheduler, SchedulerFiles } from '../../../operations/ports/guard.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { describeFailure, type RunTool } from '../../run-tool.ts';

export interface TaskSchedulerSystem {
  readonly run: RunTool;
  readonly files: SchedulerFiles;
  /** Where `schtasks` reads the definition from. Removed afterwards. */
  readonly definitionFile: string;
}

/** A task of the user. */
export function createTaskScheduler({ run, files, definitionFile }: TaskSchedulerSystem): Scheduler {
  const schtasks = (...args: readonly string[]) => run(['schtasks.exe', ...args]);
  const query = (name: string) => schtasks('/Query', '/TN', name);
  return {
    kind: 'task-scheduler',
    whyUnusable: async () => {
      const result = await schtasks('/?');
      return result.exitCode === 0 ? undefined : describeFailure('schtasks', result);
    },
    whyRefused: ({ everySeconds, script }) => {
      const problem = intervalProblem(everySeconds, 'task-scheduler');
      if (problem !== undefined) return problem;
      if (!isXmlText(script)) return 'a task cannot contain the characters of the data dir';
      return /%[^%\\]+%/.test(script)
        ? 'Task Scheduler replaces text between two percent signs in the data dir'
        : undefined;
    },
    preview: (entry) => [{ path: `task ${entry.name}`, content: renderTask(entry) }],
    install: async (entry) => {
      // schtasks expects UTF-16 with a byte order mark.
      files.write(definitionFile, `\ufeff${renderTask(entry)}`, 'utf16le');
      try {
        const result = await schtasks('/Create', '/TN', entry.name, '/XML', definitionFile, '/F');
        if (result.exitCode !== 0) throw new ClaudeMemError('io', describeFailure('schtasks /Create', result));
      } finally {
        files.remove(definitionFile);
      }
    },
    remove: async (name) => {
      if ((await query(name)).exitCode !== 0) return [];
      const result = await schtasks('/Delete', '/TN', name, '/F');
      if (result.exitCode !== 0) throw new ClaudeMemError('io', describeFailure('schtasks /Delete', result));
      return [`Removed the task ${name}`];
    },
    find: async ({ name }) => {
      const { exitCode, failure } = await query(name);
      if (failure !== undefined) return { state: 'unknown', nextRunAt: null, remark: failure };
      return { state: exitCode === 0 ? 'scheduled' : 'absent', nextRunAt: null, remark: null };
    },
  };
}
