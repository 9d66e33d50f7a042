import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { BoundProcess, Signaller } from '../../src/operations/ports/process.ts';
import { loadLinuxNative } from '../../src/platform/linux/signal/native.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { createLinuxSignaller } from '../../src/platform/linux/signal/signaller.ts';
import { endChild, useChildren, WATCHDOG_SECONDS } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { firstLine, linuxTest, namespaceTest, otherUserTest, PLACES, probe, PYTHON } from './linux-places.ts';
import type { AdoptAnswer, ReuseAnswer, SignalAnswer } from './linux-probe.ts';

const children = useChildren();
const IDENTITY = { compareCommand: false };
const COMMAND_TOO = { compareCommand: true };

/** As many files as the limit allows, so that closing them takes some milliseconds. */
const FILES_TO_CLOSE = 200_000;
const MOST_TRIES = 20;

async function findRow(pid: number, isReady: (row: ProcessRow) => boolean = () => true): Promise<ProcessRow> {
  const table = createProcfsTable();
  return eventually(`the row of pid ${pid}`, async () => {
    const snapshot = await table.snapshot({ dataDir: '/absent', recordedPids: new Set([pid]), memory: false });
    return snapshot.processes.find((row) => row.pid === pid && isReady(row));
  });
}

async function startSleep() {
  const child = children.start('sleep', [String(WATCHDOG_SECONDS)]);
  return { child, row: await findRow(child.pid, ({ command }) => command.startsWith('sleep')) };
}

/** Resolves with the signal that ended a child. */
async function endOf(child: ChildProcess): Promise<unknown> {
  return (await once(child, 'exit'))[1];
}

function bindOrFail(signaller: Signaller, row: ProcessRow, options = IDENTITY): BoundProcess {
  const bound = signaller.bind(row, options);
  if (typeof bound === 'string') throw new Error(`pid ${row.pid} could not be bound: ${bound}`);
  return bound;
}

describe.skipIf(process.platform !== 'linux').each([
  { method: 'pidfd', withNative: true },
  { method: 'two-reads', withNative: false },
])('the signaller by $method', ({ method, withNative }) => {
  const signaller = createLinuxSignaller(withNative ? {} : { native: null });

  test('reports its method', () => {
    expect(signaller.method).toBe(method);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('sends %s to the bound process, which is then gone', async (signal) => {
    const { child, row } = await startSleep();
    const bound = bindOrFail(signaller, row, COMMAND_TOO);
    expect(bound.pid).toBe(child.pid);
    expect(bound.state()).toBe('alive');
    const exit = endOf(child);
    expect(bound.signal(signal)).toBe('sent');
    expect(await exit).toBe(signal);
    expect(bound.state()).toBe('gone');
    expect(bound.signal('SIGKILL')).toBe('gone');
    bound.close();
  });

  test('the signaller by $method does not bind a process that is gone', async () => {
    const { child, row } = await startSleep();
    await endChild(child);
    expect(signaller.bind(row, IDENTITY)).toBe('gone');
  });

  test('treats an exiting process without a command line as gone, not as another one', async () => {
    // The kernel closes its files one by one after it has released the memory.
    const open = `try { for (let count = 0; count < ${FILES_TO_CLOSE}; count += 1) fs.openSync('/dev/null'); } catch {}`;
    const script = `${open} fs.writeSync(1, 'up\\n'); setTimeout(() => {}, ${WATCHDOG_SECONDS}_000)`;
    const limits = `ulimit -n ${FILES_TO_CLOSE} 2>/dev/null; exec "$0" -e "$1"`;
    const seen = new Set<string>();
    // Whether a reader hits these milliseconds depends on the scheduler.
    for (let tries = 0; !seen.has('exiting'); tries += 1) {
      expect(tries).toBeLessThan(MOST_TRIES);
      const child = children.start('sh', ['-c', limits, process.execPath, script]);
      await firstLine(child);
      const bound = bindOrFail(signaller, await findRow(child.pid), COMMAND_TOO);
      child.kill('SIGKILL');
      while (bound.state() !== 'gone') seen.add(bound.signal('SIGTERM'));
      bound.close();
    }
    expect([...seen].filter((result) => !['sent', 'exiting', 'gone'].includes(result))).toEqual([]);
  });

  test('treats a zombie as gone, although kill(2) would still reach it', async () => {
    const parent = children.start('sh', ['-c', `sleep ${WATCHDOG_SECONDS} & echo $!; exec sleep ${WATCHDOG_SECONDS}`]);
    const pid = Number(await firstLine(parent));
    children.endLater(pid);
    const row = await findRow(pid, ({ command }) => command.startsWith('sleep'));
    await findRow(parent.pid, ({ name }) => name === 'sleep');
    const bound = bindOrFail(signaller, row);
    expect(bound.signal('SIGKILL')).toBe('sent');
    const zombie = await findRow(pid, ({ state }) => state === 'Z');
    expect(bound.state()).toBe('gone');
    expect(bound.signal('SIGKILL')).toBe('gone');
    expect(signaller.bind(zombie, IDENTITY)).toBe('gone');
    bound.close();
  });

  test.skipIf(PYTHON === undefined || !['x64', 'arm64'].includes(process.arch))(
    'treats a dead leader with a living thread as alive, and can signal it',
    async () => {
      const exitThread = process.arch === 'x64' ? 60 : 93;
      const code = `import ctypes, threading, time
threading.Thread(target=lambda: time.sleep(${WATCHDOG_SECONDS})).start()
ctypes.CDLL(None).syscall(${exitThread}, 0)`;
      const child = children.start(PYTHON!, ['-c', code]);
      const bound = bindOrFail(signaller, await findRow(child.pid, ({ state }) => state === 'Z'));
      expect(bound.state()).toBe('alive');
      const exit = endOf(child);
      expect(bound.signal('SIGKILL')).toBe('sent');
      expect(await exit).toBe('SIGKILL');
      bound.close();
    },
  );

  test.each([1, -1, 1_000])('treats a start mark shifted by %i ticks as another process', async (shift) => {
    const { child, row } = await startSleep();
    expect(signaller.bind({ ...row, startTicks: row.startTicks! + shift }, IDENTITY)).toBe('different');
    expect(child.exitCode).toBeNull();
  });

  test('refuses a row without a start mark', async () => {
    const { row } = await startSleep();
    const { startTicks, ...withoutMark } = row;
    expect(startTicks).toBeDefined();
    expect(signaller.bind(withoutMark, IDENTITY)).toBe('unknown');
  });

  test('refuses a process of another user as different', async () => {
    const { row } = await startSleep();
    expect(signaller.bind({ ...row, uid: row.uid! + 1 }, IDENTITY)).toBe('different');
  });

  test.each([0, 1, -1, process.pid])('never binds pid %i', async (pid) => {
    const row = await findRow(process.pid);
    expect(signaller.bind({ ...row, pid }, IDENTITY)).toBe('permission-denied');
  });

  test('keeps the identity of a process that execs, unless the command line is compared', async () => {
    const start = async () => {
      const child = children.start('sh', ['-c', `read line; exec sleep ${WATCHDOG_SECONDS}`], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      return { child, row: await findRow(child.pid, ({ command }) => command.startsWith('sh -c')) };
    };
    const [byIdentity, byCommand] = [await start(), await start()];
    const bound = bindOrFail(signaller, byIdentity.row, IDENTITY);
    const strict = bindOrFail(signaller, byCommand.row, COMMAND_TOO);
    for (const { child } of [byIdentity, byCommand]) {
      child.stdin!.end('\n');
      await findRow(child.pid, ({ command }) => command.startsWith('sleep'));
    }
    expect(strict.signal('SIGKILL')).toBe('different');
    expect(strict.state()).toBe('alive');
    expect(signaller.bind(byCommand.row, COMMAND_TOO)).toBe('different');
    expect(bound.signal('SIGKILL')).toBe('sent');
    bound.close();
    strict.close();
  });

  test('treats a command line that only shares the beginning as another one', async () => {
    const { row } = await startSleep();
    const text = { ...row };
    Reflect.deleteProperty(text, 'argv');
    const longer = [...row.argv!, 'more'];
    const shorter = row.argv!.slice(0, -1);
    for (const argv of [longer, shorter, []]) expect(signaller.bind({ ...row, argv }, COMMAND_TOO)).toBe('different');
    for (const command of [longer.join(' '), shorter.join(' '), row.command.slice(0, -1)]) {
      expect(signaller.bind({ ...text, command }, COMMAND_TOO)).toBe('different');
    }
    bindOrFail(signaller, row, COMMAND_TOO).close();
  });

  test('refuses if the command line is compared and none was recorded', async () => {
    const { row } = await startSleep();
    const { argv, ...withoutArgv } = row;
    expect(argv).toBeDefined();
    expect(signaller.bind({ ...withoutArgv, command: '' }, COMMAND_TOO)).toBe('unknown');
    expect(signaller.bind({ ...withoutArgv, command: 'sleep 1' }, COMMAND_TOO)).toBe('different');
    bindOrFail(signaller, withoutArgv, COMMAND_TOO).close();
  });

  test('a closed handle neither signals nor answers, because its number may belong to another file', async () => {
    const { row } = await startSleep();
    const bound = bindOrFail(signaller, row);
    bound.close();
    bound.close();
    expect(bound.signal('SIGKILL')).toBe('unknown');
    expect(bound.state()).toBe('unknown');
  });

  test('keeps no handle of a process that it did not bind', async () => {
    const { row } = await startSleep();
    const before = openHandles();
    for (let tries = 0; tries < 50; tries += 1) {
      signaller.bind({ ...row, startTicks: 1 }, IDENTITY);
      bindOrFail(signaller, row).close();
    }
    expect(openHandles()).toBe(before);
  });

  otherUserTest("reports permission-denied for another user's process, which survives", async () => {
    const { child, row } = await startSleep();
    const answer = await probe(PLACES.asNobody, { do: 'signal', row, withNative });
    expect(answer).toEqual({ method, bound: true, result: 'permission-denied', state: 'alive' } satisfies SignalAnswer);
    expect(child.signalCode).toBeNull();
  });

  namespaceTest('binds nothing through the /proc of another namespace', async () => {
    const { child, row } = await startSleep();
    const answer = (await probe(PLACES.behindForeignProc, { do: 'signal', row, withNative })) as SignalAnswer;
    expect(answer).toMatchObject({ bound: false, result: 'unknown' });
    expect(child.signalCode).toBeNull();
  });

  namespaceTest('never signals a process that reused the pid', async () => {
    const answer = await probe(PLACES.inNamespace, { do: 'reuse', withNative, sameTick: false });
    expect(answer).toMatchObject({
      method,
      isSamePid: true,
      result: 'gone',
      state: 'gone',
      lateBind: 'different',
      impostorLives: true,
    } satisfies Partial<ReuseAnswer>);
  });

  namespaceTest('never signals a process that reused the pid within the same start tick', async () => {
    const answer = await probe(PLACES.inNamespace, { do: 'reuse', withNative, sameTick: true });
    expect(answer).toMatchObject({
      isSamePid: true,
      isSameTick: true,
      result: 'gone',
      state: 'gone',
      impostorLives: true,
    } satisfies Partial<ReuseAnswer>);
  });
});

describe('the choice of the method', () => {
  const native = loadLinuxNative();

  linuxTest('uses two reads if the kernel or sandbox does not accept handles', async () => {
    const refuse = () => {
      throw new Error('must not be called');
    };
    const signaller = createLinuxSignaller({
      native: { ...native!, canSignalHandles: false, pidfdSendSignal: refuse },
    });
    expect(signaller.method).toBe('two-reads');
    const { child, row } = await startSleep();
    const bound = bindOrFail(signaller, row);
    const exit = endOf(child);
    expect(bound.signal('SIGTERM')).toBe('sent');
    expect(await exit).toBe('SIGTERM');
    bound.close();
  });

  linuxTest.each([
    [1, 'permission-denied'],
    [3, 'gone'],
    [22, 'unknown'],
  ])('translates errno %i of the kernel into %s', async (errno, result) => {
    const signaller = createLinuxSignaller({
      native: { ...native!, canSignalHandles: true, pidfdSendSignal: () => errno },
    });
    const { row } = await startSleep();
    const bound = bindOrFail(signaller, row);
    expect(bound.signal('SIGTERM')).toBe(result);
    bound.close();
  });
});

describe('the native calls', () => {
  linuxTest('makes orphans re-parent to the subreaper, which waits for them by pid', async () => {
    const answer = (await probe(PLACES.here, { do: 'adopt' })) as AdoptAnswer;
    expect(answer).toMatchObject({
      becameSubreaper: true,
      parent: answer.self,
      whileRunning: { kind: 'running' },
      afterwards: { kind: 'ended', exitCode: null, signal: 15 },
      again: [{ kind: 'not-a-child' }, { kind: 'not-a-child' }, { kind: 'not-a-child' }],
      isListedAfterwards: false,
    });
  });
});

/** Number of open files of this process. */
function openHandles(): number {
  return readdirSync('/proc/self/fd').length;
}
