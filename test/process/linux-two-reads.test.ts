import { existsSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import * as kill from '../../src/platform/kill.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import * as stat from '../../src/platform/linux/table/read-stat.ts';
import { createLinuxSignaller } from '../../src/platform/linux/signal/signaller.ts';
import { useChildren, WATCHDOG_SECONDS } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { firstLine } from './linux-places.ts';

vi.mock('../../src/platform/kill.ts', { spy: true });
vi.mock('../../src/platform/linux/table/read-stat.ts', { spy: true });

const DEADLINE_MS = 10_000;
const children = useChildren();
const signaller = createLinuxSignaller({ native: null });
const linuxTest = test.skipIf(process.platform !== 'linux');

/** A process whose parent waits for it immediately, so that it can vanish while this thread is blocked. */
async function startVictim(): Promise<ProcessRow> {
  const shell = children.start('sh', ['-c', `sleep ${WATCHDOG_SECONDS} & echo $!; wait; read line`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pid = Number(await firstLine(shell));
  return eventually('the victim', async () => {
    const request = { dataDir: '/absent', recordedPids: new Set([pid]), memory: false };
    const { processes } = await createProcfsTable().snapshot(request);
    return processes.find((row) => row.pid === pid && row.command.startsWith('sleep'));
  });
}

/** Ends it and blocks until its pid is free: simulates an exit between two lines of code. */
function endAtOnce(pid: number): void {
  process.kill(pid, 'SIGKILL');
  const until = performance.now() + DEADLINE_MS;
  while (existsSync(`/proc/${pid}`)) {
    if (performance.now() > until) throw new Error(`pid ${pid} does not end`);
  }
}

async function bindVictim() {
  const row = await startVictim();
  const bound = signaller.bind(row, { compareCommand: false });
  if (typeof bound === 'string') throw new Error(`the victim could not be bound: ${bound}`);
  return { row, bound };
}

linuxTest('a process that dies between check and kill is not signalled, because its pid may be reused', async () => {
  const { row, bound } = await bindVictim();
  const { readStat } = await vi.importActual<typeof stat>('../../src/platform/linux/table/read-stat.ts');
  vi.mocked(stat.readStat).mockImplementationOnce((directory) => {
    const line = readStat(directory);
    endAtOnce(row.pid);
    return line;
  });
  expect(bound.signal('SIGTERM')).toBe('gone');
  expect(kill.killPid).not.toHaveBeenCalled();
  bound.close();
});

linuxTest('a kill whose target cannot be proven is not reported as sent', async () => {
  const { row, bound } = await bindVictim();
  vi.mocked(kill.killPid).mockImplementationOnce((pid) => {
    expect(pid).toBe(row.pid);
    endAtOnce(pid);
    return 'sent';
  });
  expect(bound.signal('SIGTERM')).toBe('gone');
  bound.close();
});
