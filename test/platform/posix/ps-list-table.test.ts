import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessDescriptor } from 'ps-list';
import { describe, expect, test } from 'vitest';
import type { SnapshotRequest } from '../../../src/operations/ports/process.ts';
import { createPsListTable } from '../../../src/platform/posix/ps-list-table.ts';
import type { ProcessLink } from '../../../src/platform/posix/parse-links.ts';
import type { PsTools } from '../../../src/platform/posix/ps-tools.ts';
import { psFailure } from '../../../src/platform/posix/run-ps.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const START = 'Sat Aug  1 09:04:43 2026';
const OWN_UID = process.geteuid?.() ?? 0;

/** A process of a simulated machine. */
interface FakeProcess {
  readonly pid: number;
  readonly ppid?: number;
  readonly uid?: number;
  readonly stat?: string;
  readonly start?: string;
  readonly name: string;
  readonly command: string;
  readonly environment?: string;
  /** Whether it exists for ps-list, for the listing, and for later reads. */
  readonly seen?: { readonly described?: boolean; readonly listed?: boolean; readonly later?: boolean };
}

const SELF: FakeProcess = { pid: process.pid, name: 'node', command: 'node cli.js' };
const UV: FakeProcess = { pid: 8123, ppid: 8110, name: 'uv', command: 'uv tool uvx chroma-mcp' };

function fakeTools(processes: readonly FakeProcess[], overrides: Partial<PsTools> = {}): PsTools {
  const line = (p: FakeProcess, isListing: boolean, withEnvironment: boolean) => {
    const start = p.start ?? START;
    if (isListing)
      return `${p.pid} ${p.ppid ?? 1} ${p.pid} ${p.uid ?? OWN_UID} ${p.stat ?? 'S'} 100 ${start} ${p.name}`;
    return `${p.pid} ${p.stat ?? 'S'} ${start} ${p.command}${withEnvironment ? ` ${p.environment ?? 'A=b'}` : ''}`;
  };
  return {
    describeAll: () =>
      Promise.resolve(processes.filter((p) => p.seen?.described !== false).map((p) => descriptor(p, p.start ?? START))),
    listLinks: () => Promise.resolve(later(processes).map((p): ProcessLink => ({ pid: p.pid, ppid: p.ppid ?? 1 }))),
    ps: (args) => {
      const isListing = args.some((arg) => arg.includes('comm='));
      const wanted = args.includes('-p') ? new Set(args.at(-1)?.split(',').map(Number)) : undefined;
      const shown =
        wanted === undefined
          ? processes.filter((p) => p.seen?.listed !== false)
          : later(processes).filter((p) => wanted.has(p.pid));
      const withEnvironment = args[0] === 'eww' || args[0] === '-wwE';
      return Promise.resolve({
        text: shown.map((p) => `${line(p, isListing, withEnvironment)}\n`).join(''),
        pid: 99_999,
      });
    },
    ...overrides,
  };
}

function later(processes: readonly FakeProcess[]): readonly FakeProcess[] {
  return processes.filter((p) => p.seen?.later !== false);
}

function descriptor({ pid, ppid = 1, name, command }: FakeProcess, start: string): ProcessDescriptor {
  return { pid, ppid, name, cmd: command, path: `/usr/bin/${name}`, startTime: new Date(`${start} UTC`) };
}

function read(tools: PsTools, request: Partial<SnapshotRequest> = {}) {
  return createPsListTable(tools).snapshot({
    dataDir: '/home/ada/.claude-mem',
    recordedPids: new Set(),
    memory: false,
    ...request,
  });
}

describe('the listed processes', () => {
  test('include a process that ps-list dropped', async () => {
    const { processes } = await read(fakeTools([SELF, { ...UV, seen: { described: false } }]));
    expect(processes.find((row) => row.pid === 8123)?.command).toBe(UV.command);
  });

  test('exclude a process that ended after ps-list saw it', async () => {
    const { processes, unreadable } = await read(fakeTools([SELF, { ...UV, seen: { listed: false, later: false } }]));
    expect(processes.map((row) => row.pid)).toEqual([process.pid]);
    expect(unreadable).toBe(0);
  });

  test('exclude a process that ended after the listing, without counting it as unreadable', async () => {
    const { processes, unreadable, complete } = await read(fakeTools([SELF, { ...UV, seen: { later: false } }]));
    expect(processes.map((row) => row.pid)).toEqual([process.pid]);
    expect({ unreadable, complete }).toEqual({ unreadable: 0, complete: true });
  });

  test('include the child and grandchild that a wrapper started after the listing', async () => {
    const seen = { described: false, listed: false };
    const python: FakeProcess = { pid: 8131, ppid: 8123, name: 'python3', command: 'python chroma-mcp', seen };
    const shell: FakeProcess = { pid: 8140, ppid: 8131, name: 'sh', command: 'sh -c x', seen };
    const { processes } = await read(fakeTools([SELF, UV, python, shell]));
    expect(processes.map((row) => row.pid).sort()).toEqual([process.pid, 8123, 8131, 8140].sort());
    expect(processes.find((row) => row.pid === 8131)).toMatchObject({ ppid: 8123, command: 'python chroma-mcp' });
  });

  test('exclude the ps of the listing and new children of this process', async () => {
    const ps: FakeProcess = { pid: 99_999, ppid: process.pid, name: 'ps', command: 'ps -A' };
    const other: FakeProcess = { ...ps, pid: 99_998, seen: { described: false, listed: false } };
    const { processes } = await read(fakeTools([SELF, ps, other]));
    expect(processes.map((row) => row.pid)).toEqual([process.pid]);
  });
});

describe('the row of a process', () => {
  test('ignores what ps-list said about another process with the same pid', async () => {
    const tools = fakeTools([SELF, { ...UV, name: 'editor', command: 'editor notes.txt' }]);
    const before = () => Promise.resolve([descriptor({ ...UV, name: 'uv' }, 'Sat Aug  1 08:00:00 2026')]);
    const { processes } = await read({ ...tools, describeAll: before });
    expect(processes.find((row) => row.pid === 8123)).toMatchObject({ name: 'editor', command: '' });
  });

  test('uses the UTF-8 command line from a second read', async () => {
    const uv = { ...UV, command: 'uv tool uvx chroma-mcp --data-dir /home/zoë/.claude-mem/vectors' };
    const inAscii = () => Promise.resolve([descriptor({ ...uv, command: uv.command.replace('ë', '??') }, START)]);
    const { processes } = await read({ ...fakeTools([SELF, uv]), describeAll: inAscii });
    expect(processes.find((row) => row.pid === 8123)?.command).toBe(uv.command);
  });

  test('contains the marks, or unknown marks if the environment is hidden', async () => {
    const marked = { ...UV, environment: 'CLAUDE_MEM_TREE=7b0c A=b' };
    const hidden = { ...UV, pid: 8124, command: '' };
    const { processes } = await read(fakeTools([SELF, marked, hidden]));
    expect(processes.find((row) => row.pid === 8123)).toMatchObject({ treeMark: '7b0c' });
    expect(processes.find((row) => row.pid === 8124)).toMatchObject({ treeMark: null, dataDirMark: null });
  });

  test('resolves a data dir written through a link', async () => {
    const home = tempDir();
    mkdirSync(join(home, 'real', 'vectors'), { recursive: true });
    symlinkSync(join(home, 'real'), join(home, 'link'));
    const uv = { ...UV, command: `uv tool uvx chroma-mcp --data-dir ${home}/link/vectors` };
    const { processes } = await read(fakeTools([SELF, uv]), { dataDir: join(home, 'real') });
    expect(processes.find((row) => row.pid === 8123)?.roleDirectory).toBe(join(home, 'real', 'vectors'));
  });
});

describe('the count of unreadable processes', () => {
  test.each<[string, Partial<FakeProcess>, number]>([
    ['a role program without a command line', { command: '' }, 1],
    ['a role program with a placeholder from ps', { command: '[uv]' }, 1],
    ['a process of another user', { command: '', uid: OWN_UID + 1 }, 0],
    ['a zombie', { command: '[uv] <defunct>', stat: 'Z' }, 0],
    ['an unrelated process', { command: '', name: 'editor' }, 0],
  ])('for %s', async (_what, change, expected) => {
    expect((await read(fakeTools([SELF, { ...UV, ...change }]))).unreadable).toBe(expected);
  });

  test('includes a recorded process of any name', async () => {
    const editor = { ...UV, name: 'editor', command: '' };
    expect((await read(fakeTools([SELF, editor]), { recordedPids: new Set([8123]) })).unreadable).toBe(1);
  });

  test('includes an invalid line while its process exists', async () => {
    const tools = fakeTools([SELF, { ...UV, start: 'long ago' }]);
    expect((await read(tools)).unreadable).toBe(1);
  });
});

describe('a process that dies between two runs of ps', () => {
  /** The first run of ps for some pids shows one line; every later run shows another. */
  function changing(first: FakeProcess, later: readonly FakeProcess[]): PsTools {
    const [before, after] = [fakeTools([SELF, first]), fakeTools([SELF, ...later])];
    let runs = 0;
    return {
      ...before,
      ps: (args) => {
        if (!args.includes('-p')) return before.ps(args);
        runs += 1;
        return (runs <= 2 ? before : after).ps(args);
      },
    };
  }

  test('a process that dies between two runs of ps is a zombie and not unreadable, even without a start', async () => {
    for (const start of [START, '-']) {
      const alive = fakeTools([SELF, UV]);
      const dead = fakeTools([SELF, { ...UV, stat: 'Z', command: '<defunct>', start }]);
      const tools = { ...alive, ps: (args: readonly string[]) => (args.includes('-p') ? dead : alive).ps(args) };
      const { processes, unreadable, complete } = await read(tools);
      expect({ unreadable, complete }).toEqual({ unreadable: 0, complete: true });
      expect(processes.find((row) => row.pid === 8123)).toMatchObject({ state: 'Z', command: '' });
    }
  });

  test('a process that dies between two runs of ps is read once more if it shows no command line while exiting', async () => {
    const leaving = { ...UV, command: '[uv]' };
    const gone = await read(changing(leaving, []));
    expect(gone.unreadable).toBe(0);
    expect(gone.processes.map((row) => row.pid)).toEqual([process.pid]);
    const zombie = await read(changing(leaving, [{ ...UV, stat: 'Z', command: '<defunct>' }]));
    expect(zombie.unreadable).toBe(0);
    expect((await read(changing(leaving, [leaving]))).unreadable).toBe(1);
  });
});

describe('a call that fails silently', () => {
  const UV_DATA = { ...UV, environment: 'CLAUDE_MEM_TREE=7b0c A=b' };

  /** The chosen calls for command lines print nothing and exit with 0. */
  function silent(isSilent: (args: readonly string[], call: number) => boolean): PsTools {
    const tools = fakeTools([SELF, UV_DATA]);
    let call = 0;
    return {
      ...tools,
      ps: (args) => {
        if (!args.includes('-p')) return tools.ps(args);
        call += 1;
        return isSilent(args, call) ? Promise.resolve({ text: '', pid: 99_999 }) : tools.ps(args);
      },
    };
  }

  test('drops no rows, which count as unreadable', async () => {
    const { processes, unreadable } = await read(silent(() => true));
    expect(processes.map((row) => row.pid)).toEqual([process.pid, 8123]);
    expect(processes.find((row) => row.pid === 8123)).toMatchObject({ command: '', treeMark: null });
    expect(unreadable).toBe(2);
  });

  test('a call that fails silently is retried once', async () => {
    const { processes, unreadable } = await read(silent((_, call) => call <= 2));
    expect(processes.find((row) => row.pid === 8123)).toMatchObject({ command: UV.command, treeMark: '7b0c' });
    expect(unreadable).toBe(0);
  });

  test('for environments leaves the marks unknown', async () => {
    const { processes, unreadable } = await read(silent(([how]) => how !== '-ww'));
    expect(processes.find((row) => row.pid === 8123)).toMatchObject({ command: UV.command, treeMark: null });
    expect(unreadable).toBe(0);
  });

  test('for new children makes the listing incomplete', async () => {
    const born: FakeProcess = { pid: 8131, ppid: 8123, name: 'python3', command: 'python', seen: { listed: false } };
    const tools = fakeTools([SELF, UV, born]);
    const ps: PsTools['ps'] = (args) =>
      args.includes('-p') && args.some((arg) => arg.includes('comm='))
        ? Promise.resolve({ text: '', pid: 99_999 })
        : tools.ps(args);
    expect(await read({ ...tools, ps })).toMatchObject({ complete: false });
  });
});

describe('a command line longer than a line of ps', () => {
  test('counts as unreadable if it may be a role program', async () => {
    const cut = { ...UV, command: 'uv tool uvx chroma-mcp xxx\0' };
    const mine = await read(fakeTools([SELF, cut]));
    expect(mine.unreadable).toBe(1);
    expect(mine.processes.find((row) => row.pid === 8123)).toMatchObject({
      command: 'uv tool uvx chroma-mcp xxx',
      commandCut: true,
    });
    expect((await read(fakeTools([SELF, { ...cut, uid: OWN_UID + 1 }]))).unreadable).toBe(0);
  });

  test('leaves the marks unknown if the environment is cut', async () => {
    const cut = { ...UV, environment: 'CLAUDE_MEM_TREE=7b0c A=b\0' };
    const { processes, unreadable } = await read(fakeTools([SELF, cut]));
    expect(processes.find((row) => row.pid === 8123)).toMatchObject({ environmentCut: true, treeMark: null });
    expect(unreadable).toBe(1);
  });

  test('keeps its beginning if the program is unrelated', async () => {
    const editor = { ...UV, name: 'editor', command: `editor ${'x'.repeat(100_000)}` };
    const { processes, unreadable } = await read(fakeTools([SELF, editor]));
    expect(processes.find((row) => row.pid === 8123)?.command).toHaveLength(4_096);
    expect(unreadable).toBe(0);
  });

  test('a listing that is cut is incomplete', async () => {
    const tools = fakeTools([SELF, UV]);
    const ps: PsTools['ps'] = async (args) => ({ ...(await tools.ps(args)), isCut: !args.includes('-p') });
    expect(await read({ ...tools, ps })).toMatchObject({ complete: false });
  });
});

describe('a failure is an error, never "no processes"', () => {
  const failing = () => Promise.reject(psFailure(new Error('spawn ps ENOENT')));

  test.each<[string, Partial<PsTools>]>([
    ['ps-list', { describeAll: failing }],
    ['ps', { ps: failing }],
    ['pidtree', { listLinks: failing }],
    ['a ps that prints nothing', { ps: () => Promise.resolve({ text: '', pid: 1 }) }],
  ])('%s', async (_what, override) => {
    await expect(read(fakeTools([SELF], override))).rejects.toMatchObject({ code: 'process-table-unreadable' });
  });
});
