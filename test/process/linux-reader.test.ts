import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identify } from '../../scripts/leak/identity.mjs';
import { isChromaOfDataDir, isChromaProgram, isChromaWrapper } from '../../src/core/process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import type { SnapshotRequest } from '../../src/operations/ports/process.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { cleanEnvironment, endChild, useChildren, WATCHDOG_SECONDS } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { useTempDir } from '../helpers/temp-dir.ts';
import {
  asNobodysInitUnder,
  asNobodyUnder,
  firstLine,
  linuxTest,
  namespaceTest,
  NOBODY,
  otherUserTest,
  PLACES,
  probe,
  PYTHON,
  split,
} from './linux-places.ts';
import type { ReadAnswer } from './linux-probe.ts';

const WAIT = `import sys, time; print('ready', flush=True); time.sleep(${WATCHDOG_SECONDS})`;
const PR_SET_DUMPABLE = 4;
const KERNEL_THREAD_PARENT = 2;
/** exit(2) of the calling thread only, which libc hides behind exit_group(2). */
const SYS_EXIT: Readonly<Record<string, number>> = { x64: 60, arm64: 93 };

/** A marked process without a data dir would be unverified in every data dir that a concurrent test reads. */
const ELSEWHERE = { CLAUDE_MEM_DATA_DIR: '/absent/of-this-test' };

const children = useChildren();
const directory = useTempDir();
const table = createProcfsTable();

function read(request: Partial<SnapshotRequest> = {}): Promise<ProcessSnapshot> {
  return table.snapshot({ dataDir: directory(), recordedPids: new Set(), memory: false, ...request });
}

async function rowOf(pid: number, request: Partial<SnapshotRequest> = {}): Promise<ProcessRow> {
  const snapshot = await read(request);
  expect(snapshot).toMatchObject({ complete: true, unreadable: 0 });
  const row = snapshot.processes.find((candidate) => candidate.pid === pid);
  if (row === undefined) throw new Error(`pid ${pid} is not listed`);
  return row;
}

/** The row of a process after it has become the expected program. */
function rowWhen(pid: number, isReady: (row: ProcessRow) => boolean, request: Partial<SnapshotRequest> = {}) {
  return eventually(`pid ${pid} to be ready`, async () => {
    const row = await rowOf(pid, request);
    return isReady(row) && row;
  });
}

function recorded(pid: number): Partial<SnapshotRequest> {
  return { recordedPids: new Set([pid]) };
}

async function startPython(code: string, environment: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []) {
  const child = children.start(...split([...prefix, PYTHON!, '-c', code]), {
    env: { ...cleanEnvironment(), ...environment },
  });
  expect(await firstLine(child)).toBe('ready');
  return child;
}

describe.skipIf(PYTHON === undefined)('names and command lines', () => {
  test.skipIf(process.platform !== 'linux').each([
    ['a forged line', ') R 1 1 1 0'],
    ['line ends', 'a\nb) S 1\n'],
    ['brackets', '))))(((('],
    ['blanks', '   '],
  ])('a name of %s is read for the right process', async (_, name) => {
    const code = `import sys; open('/proc/self/comm', 'w').write(${JSON.stringify(name)}); ${WAIT}`;
    const { pid } = await startPython(code);
    expect(await rowOf(pid, recorded(pid))).toMatchObject({ ppid: process.pid, name, argv: [PYTHON, '-c', code] });
  });

  linuxTest('a name that is not UTF-8', async () => {
    const { pid } = await startPython(`open('/proc/self/comm', 'wb').write(b'\\xff\\xfe)'); ${WAIT}`);
    expect(await rowOf(pid)).toMatchObject({ ppid: process.pid, name: '\uFFFD\uFFFD)' });
  });

  linuxTest('arguments that are not UTF-8, one of 100 kB, and empty ones', async () => {
    const program = `import os; os.execv('/bin/sh', [b'sh', b'-c', b'read x', b'\\xff', b'x' * 100000, b'', b''])`;
    const child = children.start(PYTHON!, ['-c', program], { stdio: ['pipe', 'ignore', 'inherit'] });
    const row = await rowWhen(child.pid, ({ command }) => command.startsWith('sh -c'), recorded(child.pid));
    expect(row.argv).toEqual(['sh', '-c', 'read x', '\uFFFD', 'x'.repeat(100_000), '', '']);
  });

  linuxTest('a process without arguments', async () => {
    const program = `import ctypes; ctypes.CDLL(None).execve(b'/bin/cat', (ctypes.c_char_p * 1)(None), None)`;
    const child = children.start(PYTHON!, ['-c', program], { stdio: ['pipe', 'ignore', 'ignore'] });
    const row = await rowWhen(child.pid, ({ name }) => name === 'cat', recorded(child.pid));
    expect(row).toMatchObject({ command: '', executable: expect.stringContaining('/') as string });
    expect(row).not.toHaveProperty('treeMark');
  });

  linuxTest('a process that rewrote its arguments', async () => {
    const code = `process.title = 'chroma-mcp'; setTimeout(() => {}, ${WATCHDOG_SECONDS}_000)`;
    const { pid } = children.start(process.execPath, ['-e', code, 'one', 'two']);
    const row = await rowWhen(pid, ({ command }) => command === 'chroma-mcp', recorded(pid));
    expect(row.argv?.[0]).toBe('chroma-mcp');
  });
});

describe.skipIf(PYTHON === undefined)('reads the command line of a chroma-mcp named', () => {
  const FILE = 'a-program.py';

  /** Starts the interpreter under that name. It runs a program that waits, regardless of the arguments. */
  async function startAs(name: string, before: readonly string[], argv0: string) {
    const folder = directory();
    mkdirSync(join(folder, 'chroma_mcp'), { recursive: true });
    for (const file of ['tool', 'uvx', 'pipx', FILE, 'chroma_mcp/__main__.py', 'chroma_mcp/server.py'])
      writeFileSync(join(folder, file), WAIT);
    mkdirSync(join(folder, 'bin'));
    symlinkSync(PYTHON!, join(folder, 'bin', name));
    const args = [...before, '--data-dir', join(folder, 'chroma')];
    const child = children.start(join(folder, 'bin', name), args, { cwd: folder, env: cleanEnvironment(), argv0 });
    expect(await firstLine(child)).toBe('ready');
    // The youngest possible process: only its name makes it relevant.
    return {
      row: await rowOf(child.pid, { oldestTreeTicks: Number.MAX_SAFE_INTEGER }),
      argv: [argv0, ...args],
      folder,
    };
  }

  linuxTest.each([
    ['.uv-wrapped', ['tool', 'uvx', 'chroma-mcp'], '/usr/bin/uv', true],
    ['.python3-wrapped', ['-m', 'chroma_mcp'], '/usr/bin/python3', false],
    ['.python3.13-wrapped', ['-mchroma_mcp'], '/usr/bin/python3.13', false],
    ['.chroma-mcp-wrapped', ['chroma_mcp/server.py'], '/usr/bin/python3', false],
    ['qemu-aarch64-static', ['uvx', 'chroma-mcp'], '/usr/bin/qemu-aarch64-static', true],
    ['rosetta', ['uvx', 'uvx', 'chroma-mcp'], '/run/rosetta/rosetta', true],
    ['pipx', ['pipx', 'run', 'chroma-mcp'], '/usr/bin/python3', true],
  ])('%s', async (name, before, argv0, isWrapper) => {
    const { row, argv, folder } = await startAs(name, before, argv0);
    expect(row).toMatchObject({ name: name.slice(0, 15), argv });
    expect(isChromaOfDataDir(row, folder, 'linux')).toBe(true);
    expect(isChromaWrapper(row)).toBe(isWrapper);
  });

  linuxTest('but not of a process named like an editor', async () => {
    const { row } = await startAs('.vim-wrapped', [FILE, 'chroma-mcp'], '/usr/bin/vim');
    expect(row.name).toBe('.vim-wrapped');
    expect(isChromaProgram(row)).toBe(false);
  });
});

describe('states', () => {
  linuxTest('a zombie has a row without a command line and does not count as unreadable', async () => {
    const parent = children.start('sh', ['-c', `(exit 0) & exec sleep ${WATCHDOG_SECONDS}`]);
    const zombie = await eventually('a zombie', async () =>
      (await read()).processes.find(({ ppid, state }) => ppid === parent.pid && state === 'Z'),
    );
    expect(await rowOf(zombie.pid, recorded(zombie.pid))).toMatchObject({
      state: 'Z',
      threads: 1,
      argv: [],
      treeMark: null,
    });
  });

  test.skipIf(PYTHON === undefined || SYS_EXIT[process.arch] === undefined)(
    'distinguishes a dead leader with a living thread from a zombie',
    async () => {
      const code = `import ctypes, threading, time
threading.Thread(target=lambda: time.sleep(${WATCHDOG_SECONDS})).start()
print('ready', flush=True)
ctypes.CDLL(None).syscall(${SYS_EXIT[process.arch]!}, 0)`;
      const { pid } = await startPython(code, { CLAUDE_MEM_TREE: 'hidden-by-death', ...ELSEWHERE });
      const row = await rowWhen(pid, ({ state }) => state === 'Z', recorded(pid));
      expect(row.threads).toBeGreaterThan(1);
      expect(row).toMatchObject({ argv: [], command: '', treeMark: null });
      // The test helpers must not count it as gone either: uv dies like this and keeps its python until its last thread
      // is dead.
      expect(identify(pid)).toEqual({ pid, start: String(row.startTicks) });
    },
  );

  linuxTest('kernel threads are listed without further reads', async () => {
    const kernelThreads = (await read()).processes.filter(
      ({ ppid, sid }) => ppid === KERNEL_THREAD_PARENT && sid === 0,
    );
    for (const row of kernelThreads) {
      expect(row).not.toHaveProperty('argv');
      expect(row).not.toHaveProperty('uid');
    }
  });

  linuxTest('a process that vanishes during a reading is neither an error nor unreadable', async () => {
    const storm = children.start('sh', ['-c', 'while :; do node --version; /bin/true & /bin/true; done'], {
      stdio: 'ignore',
    });
    for (let reading = 0; reading < 100; reading += 1) {
      expect(await read()).toMatchObject({ complete: true, unreadable: 0 });
    }
    await endChild(storm);
  });
});

describe('marks', () => {
  const MARKS = {
    CLAUDE_MEM_TREE: '0f5ba1fc-4b1c-4c0e-8f6f-0d9f5f0b7a11',
    CLAUDE_MEM_OWNER: '4242:232988:66e56bf8:4026531836',
    CLAUDE_MEM_ROLE: 'chroma-sync',
  };

  linuxTest('are found on a process of any name, whose command line and data dir are then read too', async () => {
    const env = { ...cleanEnvironment(MARKS), CLAUDE_MEM_DATA_DIR: directory() };
    const { pid } = children.start('sleep', [String(WATCHDOG_SECONDS)], { env });
    const row = await rowWhen(pid, ({ command }) => command.startsWith('sleep'));
    expect([row.treeMark, row.ownerMark, row.roleMark, row.dataDirMark]).toEqual([
      ...Object.values(MARKS),
      directory(),
    ]);
    expect(row.executable).toContain('/');
    expect(row.pidNamespace).toBe((await read()).pidNamespace);
  });

  linuxTest('are known in the first 128 KiB of an environment and unknown beyond', async () => {
    const padding = Object.fromEntries(['A', 'B', 'C'].map((name) => [name, name.repeat(100_000)]));
    const { CLAUDE_MEM_TREE, ...others } = MARKS;
    const env = { CLAUDE_MEM_TREE, ...ELSEWHERE, ...cleanEnvironment(padding), ...others };
    const { pid } = children.start('sleep', [String(WATCHDOG_SECONDS)], { env });
    const row = await rowWhen(pid, ({ treeMark }) => typeof treeMark === 'string');
    expect(row).toMatchObject({ treeMark: CLAUDE_MEM_TREE, ownerMark: null, roleMark: null, environmentCut: true });
  });

  linuxTest('inside the value of another variable are ignored', async () => {
    const env = cleanEnvironment({ LAST_COMMAND: `x\nCLAUDE_MEM_TREE=${MARKS.CLAUDE_MEM_TREE}` });
    const { pid } = children.start('sleep', [String(WATCHDOG_SECONDS)], { env });
    await rowWhen(pid, ({ command }) => command.startsWith('sleep'), recorded(pid));
    expect(await rowOf(pid)).not.toHaveProperty('treeMark');
  });

  linuxTest('of a process older than the oldest tree are not read', async () => {
    const { pid } = children.start('sleep', [String(WATCHDOG_SECONDS)], {
      env: cleanEnvironment({ ...MARKS, ...ELSEWHERE }),
    });
    const { startTicks = 0 } = await rowWhen(pid, ({ treeMark }) => treeMark !== undefined);
    expect(await rowOf(pid, { oldestTreeTicks: startTicks + 1 })).not.toHaveProperty('treeMark');
    expect(await rowOf(pid, { oldestTreeTicks: startTicks })).toHaveProperty('treeMark');
  });
});

describe('a chroma-mcp', () => {
  /** A program of that name that waits until its input ends. */
  function startChroma(dataDir: string, cwd: string) {
    const program = join(directory(), 'chroma-mcp');
    writeFileSync(program, '#!/bin/sh\nread line\n', { mode: 0o755 });
    return children.start(program, ['--data-dir', dataDir], { cwd, stdio: ['pipe', 'ignore', 'ignore'] });
  }

  /** In the middle of an exec the new name has no arguments yet. */
  function isStartedChroma({ name, argv }: ProcessRow): boolean {
    return name === 'chroma-mcp' && argv?.includes('--data-dir') === true;
  }

  linuxTest('on a relative or linked Chroma directory of the data dir is recognized', async () => {
    mkdirSync(join(directory(), 'vectors'));
    symlinkSync(directory(), join(directory(), 'link'));
    for (const written of ['vectors', './link/vectors', join(directory(), 'link', 'vectors')]) {
      const { pid } = startChroma(written, directory());
      const row = await rowWhen(pid, isStartedChroma);
      expect(row.roleDirectory).toBe(join(directory(), 'vectors'));
    }
  });

  linuxTest('has its memory measured, unlike an unrelated process', async () => {
    const { pid } = startChroma(join(directory(), 'vectors'), directory());
    const row = await rowWhen(pid, isStartedChroma, { memory: true });
    expect(row.pssBytes).toBeGreaterThan(0);
    expect(row.swapBytes).toBeGreaterThanOrEqual(0);
    expect(row.rssBytes! % 4096).toBe(0);
    expect(await rowOf(process.pid, { memory: true })).not.toHaveProperty('pssBytes');
    expect(await rowOf(pid)).not.toHaveProperty('pssBytes');
  });
});

describe("other users' processes", () => {
  otherUserTest('show owner and command line, and root does not read their marks', async () => {
    const { pid } = await startPython(WAIT, { CLAUDE_MEM_TREE: 'of-another-user', ...ELSEWHERE }, PLACES.asNobody);
    const row = await rowOf(pid);
    expect(row).toMatchObject({ uid: NOBODY, argv: [PYTHON, '-c', WAIT] });
    expect(row).not.toHaveProperty('treeMark');
  });

  otherUserTest('do not count as unreadable for an ordinary user', async () => {
    const { snapshot } = (await probe(PLACES.asNobody, { do: 'read', recordedPids: [1] })) as ReadAnswer;
    expect(snapshot).toMatchObject({ complete: true, unreadable: 0, self: { uid: NOBODY } });
    expect(snapshot?.processes.find(({ pid }) => pid === process.pid)).toMatchObject({ uid: 0 });
  });

  otherUserTest(
    'a non-dumpable process of this user (such as an ssh-agent) has unknown marks and a normal row',
    async () => {
      const hide = `import ctypes; ctypes.CDLL(None).prctl(${PR_SET_DUMPABLE}, 0, 0, 0, 0); ${WAIT}`;
      const { pid } = await startPython(hide, { CLAUDE_MEM_TREE: 'hidden', ...ELSEWHERE }, PLACES.asNobody);
      const { snapshot } = (await probe(PLACES.asNobody, { do: 'read', recordedPids: [pid] })) as ReadAnswer;
      expect(snapshot).toMatchObject({ complete: true, unreadable: 0 });
      const row = snapshot?.processes.find((candidate) => candidate.pid === pid);
      expect(row).toMatchObject({ uid: NOBODY, argv: [PYTHON, '-c', hide], treeMark: null, roleMark: null });
      expect(row).not.toHaveProperty('executable');
    },
  );
});

describe('a /proc', () => {
  namespaceTest('of an outer namespace is refused', async () => {
    const answer = (await probe(PLACES.behindForeignProc, { do: 'read' })) as ReadAnswer;
    expect(answer).toMatchObject({
      error: { code: 'process-table-unreadable', hint: expect.stringContaining('--mount-proc') as string },
    });
  });

  namespaceTest('of the own namespace is complete', async () => {
    const { snapshot } = (await probe(PLACES.inNamespace, { do: 'read' })) as ReadAnswer;
    expect(snapshot).toMatchObject({ complete: true, unreadable: 0, self: { pid: 1 } });
    expect(snapshot?.pidNamespace).not.toBe((await read()).pidNamespace);
    expect(snapshot?.bootId).toBe((await read()).bootId);
  });

  otherUserTest('with hidden pids (hidepid=2) makes a reading incomplete', async () => {
    const { snapshot } = (await probe(asNobodyUnder('hidepid=2'), { do: 'read' })) as ReadAnswer;
    expect(snapshot).toMatchObject({ complete: false, unreadable: 0 });
    expect(snapshot?.processes.map(({ pid }) => pid)).not.toContain(1);
  });

  otherUserTest('with hidden pids makes a reading incomplete even if the own pid 1 is listed', async () => {
    const { snapshot } = (await probe(asNobodysInitUnder('hidepid=2'), { do: 'read' })) as ReadAnswer;
    expect(snapshot).toMatchObject({ complete: false, unreadable: 0 });
    expect(snapshot?.processes.map(({ pid }) => pid)).toContain(1);
  });

  otherUserTest('with hidden pids hides nothing from root or from the exempt group', async () => {
    const asRoot = (await probe(asNobodyUnder('hidepid=2', []), { do: 'read' })) as ReadAnswer;
    expect(asRoot.snapshot).toMatchObject({ complete: true });
    const asMember = (await probe(asNobodyUnder(`hidepid=2,gid=${NOBODY}`), { do: 'read' })) as ReadAnswer;
    expect(asMember.snapshot).toMatchObject({ complete: true });
    expect(asMember.snapshot?.processes.map(({ pid }) => pid)).toContain(1);
  });

  otherUserTest('with hidden contents (hidepid=1) lists every pid with its owner', async () => {
    const answer = (await probe(asNobodyUnder('hidepid=1'), { do: 'read', recordedPids: [1] })) as ReadAnswer;
    expect(answer.snapshot).toMatchObject({ complete: true, unreadable: 0 });
    const init = answer.snapshot?.processes.find(({ pid }) => pid === 1);
    expect(init).toMatchObject({ uid: 0, name: '', command: '' });
    expect(init).not.toHaveProperty('startTicks');
  });
});
