import { describeUnrecorded, unrecordedSupervisors } from '../../tree/tree-lifecycle.ts';
import { blocking, fail, pass, skip, warn, type Check } from '../check.ts';

export const supervisorCheck: Check = {
  id: 'supervisor',
  title: 'Supervisor',
  why: 'it restarts a crashed worker and ends leftover processes',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ status, observation, target }) => {
    const answer = await status();
    const roots = (await observation()).judgements.filter(
      ({ isManagedRoot, role }) => isManagedRoot && role === 'supervisor',
    );
    if (answer === undefined) {
      const [root] = roots;
      const [unrecorded] = unrecordedSupervisors((await observation()).reading);
      if (root === undefined && unrecorded !== undefined)
        return blocking(fail(describeUnrecorded(unrecorded), target.commandLine('stop')));
      if (root === undefined) return skip(`claude-mem is not running; to start it: ${target.commandLine('start')}`);
      return blocking(fail(`pid ${root.row.pid} is running but does not answer`, target.commandLine('restart')));
    }
    if (answer.state === 'failed')
      return fail(`gave up: ${answer.problem ?? 'the worker is not running'}`, target.commandLine('logs'));
    if (answer.state !== 'running') return warn(`${answer.state}: ${answer.problem ?? 'not finished yet'}`);
    if (answer.restarts > 0) return warn(`answers; worker restarts: ${answer.restarts}`, target.commandLine('logs'));
    return pass('answers');
  },
};
