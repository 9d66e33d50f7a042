import { spawnSync } from 'node:child_process';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { identifyByPs } from './identify.ts';
import { parseListener } from './parse-listener.ts';

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
