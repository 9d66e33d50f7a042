import { describeUnrecorded, unrecordedSupervisors } from '../../tree/tree-lifecycle.ts';
import { blocking, fail, pass, skip, warn, type Check } from '../check.ts';

export const supervisorCheck: Check = {
  id: 'supervisor',
  title: 'Supervisor',
  why: 'it restarts what crashes and ends what is left over',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ status, observation, place }) => {
    const answer = await status();
    const roots = (await observation()).judgements.filter(
      ({ isManagedRoot, role }) => isManagedRoot && role === 'supervisor',
    );
    if (answer === undefined) {
      const [root] = roots;
      const [unrecorded] = unrecordedSupervisors((await observation()).reading);
      if (root === undefined && unrecorded !== undefined)
        return blocking(fail(describeUnrecorded(unrecorded), place.commandLine('stop')));
      if (root === undefined) return skip(`claude-mem is not running; to start it: ${place.commandLine('start')}`);
      return blocking(fail(`pid ${root.row.pid} runs and does not answer`, place.commandLine('restart')));
    }
    if (answer.state === 'failed')
      return fail(`it gave up: ${answer.problem ?? 'the worker does not run'}`, place.commandLine('logs'));
    if (answer.state !== 'running') return warn(`it is ${answer.state}: ${answer.problem ?? 'not done yet'}`);
    if (answer.restarts > 0)
      return warn(`answers; it had to restart the worker ${answer.restarts} times`, place.commandLine('logs'));
    return pass('answers');
  },
};
