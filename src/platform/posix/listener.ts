import { spawnSync } from 'node:child_process';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { identifyByPs } from './identify.ts';

const LSOF_TIMEOUT_MS = 5_000;

/** The process that listens on a TCP port, according to lsof; undefined if none does, or lsof is missing. */
export function findListenerByLsof(port: number): ProcessRow | undefined {
  const { stdout } = spawnSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp'], {
    encoding: 'utf8',
    timeout: LSOF_TIMEOUT_MS,
  });
  const pid = parseListener(stdout);
  return pid === undefined ? undefined : identifyByPs(pid);
}

/** The first pid in the output of `lsof -Fp`: lines of `p<pid>`, then `f<fd>`. */
export function parseListener(output: string | null): number | undefined {
  const pid = /^p(\d+)$/m.exec(output ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}
