import { pass, skip, warn, type Check, type Finding } from '../check.ts';
import type { SafetyFeatures } from '../../ports/doctor.ts';

export const safetyFeaturesCheck: Check = {
  id: 'guards',
  title: 'Safety features of this machine',
  why: 'each one closes a way to leak or to hit the wrong process; the fallbacks are weaker',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation, machine, target }) => {
    if (target.platform === 'win32') return judgeWindows(await machine.safetyFeatures());
    if (target.platform !== 'linux') return skip(ELSEWHERE);
    const { reading } = await observation();
    const self = reading.snapshot.processes.find(({ pid }) => pid === reading.snapshot.self.pid);
    const missing = missingSafetyFeatures(await machine.safetyFeatures(), {
      hasStartMarks: self?.startTicks !== undefined,
      // Tested on this process only: there may be no other claude-mem process to test.
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
  'this system has no parent-death signal, subreaper or pidfd; the next start or reap ends what a crash leaves behind';

function judgeWindows({ signals, job, bootId }: SafetyFeatures): Finding {
  if (signals !== 'handle')
    return warn(
      'no koffi: no tree runs here, marks cannot be read, and a gap lies between each check and its signal',
      'npm install -g claude-mem-cli  (with optional packages: koffi)',
    );
  if (job !== true) return warn('no job object: the next start or reap ends what a killed supervisor leaves behind');
  if (!bootId) return warn('no boot id: records may be from another boot and prove nothing');
  return pass('job object, process handles, readable environments, start marks, boot id');
}

interface Missing {
  readonly what: string;
  readonly then: string;
  readonly fix?: string;
}

function missingSafetyFeatures(
  { parentDeath, subreaper, native, signals, bootId }: SafetyFeatures,
  { hasStartMarks, areMarksReadable }: { readonly hasStartMarks: boolean; readonly areMarksReadable: boolean },
): readonly Missing[] {
  const koffi = 'npm install -g claude-mem-cli  (with optional packages: koffi)';
  return [
    ...when(!parentDeath, {
      what: 'no parent-death signal (setpriv of util-linux)',
      then: 'a killed worker leaves its Chroma behind until the supervisor or the next start ends it',
      fix: 'Install util-linux with a setpriv that has --pdeathsig',
    }),
    ...when(!native, {
      what: 'no koffi',
      then: 'two readings instead of a handle protect each signal, and orphans are re-parented to pid 1',
      fix: koffi,
    }),
    ...when(native && !subreaper, { what: 'no subreaper', then: 'orphans of a tree are re-parented to pid 1' }),
    ...when(native && signals !== 'pidfd', {
      what: 'no pidfd (kernel before 5.1, or a sandbox)',
      then: 'two readings instead of a handle protect each signal',
    }),
    ...when(!areMarksReadable, { what: 'environments cannot be read', then: 'marks prove nothing' }),
    ...when(!hasStartMarks, { what: 'no start marks', then: 'a reused pid cannot be recognized' }),
    ...when(!bootId, { what: 'no boot id', then: 'records may be from another boot and prove nothing' }),
  ];
}

function when(isMissing: boolean, missing: Missing): readonly Missing[] {
  return isMissing ? [missing] : [];
}
