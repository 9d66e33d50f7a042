import { spawnSync } from 'node:child_process';
import type { ProcessSnapshot } from '../../core/process/snapshot.ts';
import { hashMachineId } from '../machine-id.ts';

/** What tells this machine and this boot from others; what the system does not tell is absent. */
export type PortableMachine = Pick<ProcessSnapshot, 'machineId' | 'bootId'>;

/** Both answer at once or not at all. */
const TIMEOUT_MS = 2_000;

let known: PortableMachine | undefined;

/** Asks macOS once per process, since neither changes while it runs. Elsewhere nothing is known. */
export function readPortableMachine(): PortableMachine {
  known ??= process.platform === 'darwin' ? readDarwin() : {};
  return known;
}

function readDarwin(): PortableMachine {
  // By full path: a launchd job's PATH lacks /usr/sbin.
  const bootId = run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']).trim();
  const machineId = hashPlatformUuid(run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']));
  return { ...(bootId === '' ? {} : { bootId }), ...(machineId === undefined ? {} : { machineId }) };
}

/** Hash of the hardware UUID in the output of `ioreg`, 32 hex digits; undefined where there is none. */
export function hashPlatformUuid(ioreg: string): string | undefined {
  const uuid = /"IOPlatformUUID"\s*=\s*"([0-9A-Fa-f-]+)"/.exec(ioreg)?.[1];
  return uuid === undefined ? undefined : hashMachineId(uuid);
}

/** Empty where the command is missing or fails: then identities are compared without it. */
function run(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  return result.status === 0 ? result.stdout : '';
}
