import { pass, skip, warn, type Check } from '../check.ts';
import type { Guards } from '../../ports/doctor.ts';

export const guardsCheck: Check = {
  id: 'guards',
  title: 'Guards of this machine',
  why: 'each closes one way to leak or to hit the wrong process; without it others do, less tightly',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation, machine, place }) => {
    if (place.platform !== 'linux') return skip(ELSEWHERE);
    const { reading } = await observation();
    const self = reading.snapshot.processes.find(({ pid }) => pid === reading.snapshot.self.pid);
    const missing = missingGuards(await machine.guards(), {
      hasStartMarks: self?.startTicks !== undefined,
      // Its own may be readable where those of others are not; of ours there may be none at all to look at.
      areMarksReadable: self?.treeMark !== null,
    });
    if (missing.length === 0) return pass(ALL);
    return warn(
      missing.map(({ what, then }) => `${what}: ${then}`).join('; '),
      missing.map(({ fix }) => fix).find(Boolean),
    );
  },
};

const ALL = 'parent-death signal, subreaper, pidfd, readable environments, start marks, boot id';
const ELSEWHERE =
  'this system has neither parent-death signal nor subreaper nor pidfd: what a crash leaves is found by the next start or reap';

interface Missing {
  readonly what: string;
  readonly then: string;
  readonly fix?: string;
}

function missingGuards(
  { parentDeath, subreaper, native, signals, bootId }: Guards,
  { hasStartMarks, areMarksReadable }: { readonly hasStartMarks: boolean; readonly areMarksReadable: boolean },
): readonly Missing[] {
  const koffi = 'npm install -g claude-mem-cli  (with optional packages: koffi)';
  return [
    ...when(!parentDeath, {
      what: 'no parent-death signal (setpriv of util-linux)',
      then: 'a worker that is killed leaves its Chroma behind until the supervisor or the next start ends it',
      fix: 'Install util-linux (its setpriv knows --pdeathsig)',
    }),
    ...when(!native, {
      what: 'no koffi',
      then: 'signals are guarded by two readings instead of a handle, and orphans go to pid 1',
      fix: koffi,
    }),
    ...when(native && !subreaper, { what: 'no subreaper', then: 'orphans of a tree go to pid 1' }),
    ...when(native && signals !== 'pidfd', {
      what: 'no pidfd (kernel before 5.1, or a sandbox)',
      then: 'signals are guarded by two readings instead of a handle',
    }),
    ...when(!areMarksReadable, { what: 'environments cannot be read', then: 'nothing is proven by mark' }),
    ...when(!hasStartMarks, { what: 'no start marks', then: 'pids that are used again cannot be told apart' }),
    ...when(!bootId, { what: 'no boot id', then: 'records are not known to be of this boot, and prove nothing' }),
  ];
}

function when(isMissing: boolean, missing: Missing): readonly Missing[] {
  return isMissing ? [missing] : [];
}
