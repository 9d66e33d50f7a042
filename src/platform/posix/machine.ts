import { spawnSync } from 'node:child_process';
import type { ProcessSnapshot } from '../../core/process/snapshot.ts';
import { hashPlatformUuid } from './platform-uuid.ts';

/** Identifies this machine and this boot; unknown values are absent. */
export type PortableMachine = Pick<ProcessSnapshot, 'machineId' | 'bootId'>;

/** Both commands answer immediately or not at all. In milliseconds. */
const TIMEOUT_MS = 2_000;

let known: PortableMachine | undefined;

/** Asks macOS once per process, because the values do not change. Other systems report nothing. */
export function readPortableMachine(): PortableMachine {
  known ??= process.platform === 'darwin' ? readDarwin() : {};
  return known;
}

function readDarwin(): PortableMachine {
  // Full path, because the PATH of a launchd job lacks /usr/sbin.
  const bootId = run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']).trim();
  const machineId = hashPlatformUuid(run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']));
  return { ...(bootId === '' ? {} : { bootId }), ...(machineId === undefined ? {} : { machineId }) };
}

/** Empty if the command is missing or fails; identities are then compared without the value. */
function run(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  return result.status === 0 ? result.stdout : '';
}
