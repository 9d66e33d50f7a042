import { describe, expect, test } from 'vitest';
import { planReap } from '../../../src/core/verdicts/plan-reap.ts';
import { ProcessIndex } from '../../../src/core/process/process-index.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  HIDDEN_MARKS,
  bornAt,
  clockAt,
  entry,
  evidenceOfLast,
  init,
  judge,
  judgeSnapshot,
  manifest,
  marks,
  pluginWorker,
  psListSnapshotOf,
  python,
  row,
  searchServer,
  secondsOld,
  shell,
  supervisor,
  systemdUser,
  terminal,
  type Scene,
  uv,
  verdictOfLast,
  verdicts,
  verdictsOf,
  without,
  worker,
} from '../builders.ts';

/** Session and group of a worker that is gone. */
const left = { sid: 300 };

describe('proven by pattern: neither recorded nor marked, and adopted', () => {
  test.each<[string, ProcessRow[]]>([
    ['the wrapper, under pid 1', [uv(310, 1, left)]],
    ['the python, under pid 1', [python(310, 1, left)]],
    ['under systemd --user', [uv(310, systemdUser.pid, left)]],
    ['under a WSL relay', [row(80, 1, '/init', { name: 'Relay(81)' }), uv(310, 80, left)]],
    ['under a subreaper of another session', [row(80, 1, 'reaper'), uv(310, 80, left)]],
    ['where environments are hidden', [uv(310, 1, { ...left, ...HIDDEN_MARKS })]],
    ['with the plugin’s CLAUDE_MEM_DATA_DIR', [uv(310, 1, { ...left, dataDirMark: '/home/u/.claude-mem' })]],
    ['in a container whose pid 1 is another program', [row(1, 0, 'sh start.sh', { uid: 1000 }), uv(310, 1, left)]],
    ['121 s old', [uv(310, 1, { ...left, ...secondsOld(121) })]],
    ['after the clock was set back', [uv(310, 1, { ...left, startedAt: '2099-01-01T00:00:00.000Z' })]],
  ])('%s', (_which, rows) => {
    expect(verdictOfLast(rows)).toBe('orphan');
    expect(evidenceOfLast(rows)).toContain('pattern');
  });

  test('wrapper and python, and both rest on their command lines', () => {
    const found = judge([uv(310, 1, left), python(320, 310, left)]);
    expect(verdictsOf(found)).toEqual({ 310: 'orphan', 320: 'orphan' });
    expect(found.map(({ restsOnCommand }) => restsOnCommand)).toEqual([true, true]);
  });

  test('no verdict by record or mark rests on the command line', () => {
    const gone = worker(300, 1);
    expect(judge([uv(310, 1, { ...left, ...marks('t', gone, 'chroma-sync') })])[0]?.restsOnCommand).toBe(false);
  });
});

describe("a person's own chroma-mcp on this data dir is not a leak", () => {
  const service = row(300, systemdUser.pid, '/bin/sh start.sh');
  test.each<[string, ProcessRow[]]>([
    ['in a terminal', [uv(310, shell.pid, { sid: 70, pgid: 310 })]],
    [
      'started by a script in a terminal',
      [row(305, 70, 'sh x.sh', { sid: 70, pgid: 305 }), uv(310, 305, { sid: 70, pgid: 305 })],
    ],
    ['second in a pipeline', [row(309, 70, 'cat', { sid: 70, pgid: 309 }), uv(310, shell.pid, { sid: 70, pgid: 309 })]],
    ['second in a pipeline whose first has ended', [uv(310, shell.pid, { sid: 70, pgid: 309 })]],
    ['with nohup, its shell gone: the job leads its group', [uv(310, 1, { sid: 290, pgid: 310 })]],
    ['with nohup, left to systemd --user', [uv(310, systemdUser.pid, { sid: 290, pgid: 310 })]],
    ['with setsid', [uv(310, 1)]],
    ['as a systemd unit', [uv(310, systemdUser.pid)]],
    ['as a system unit with User=', [uv(310, 1)]],
    ['within the script of a unit', [service, uv(310, 300, { sid: 300 })]],
    ['as the command of a tmux pane', [row(80, 1, 'tmux new', { name: 'tmux: server' }), uv(310, 80)]],
    ['in a tmux pane', [row(80, 1, 'tmux new'), row(81, 80, 'bash'), uv(310, 81, { sid: 81, pgid: 310 })]],
    ['of an MCP client', [row(80, 60, 'claude-desktop', { sid: 50 }), uv(310, 80, { sid: 50 })]],
    [
      'started by an entry point that is pid 1, in its group',
      [row(1, 0, 'sh x.sh', { uid: 1000 }), uv(310, 1, { sid: 1, pgid: 1 })],
    ],
    ['as pid 1 of a container', [uv(1, 0)]],
    ['by docker exec', [uv(310, 0)]],
    ['by docker exec, leading nothing', [uv(310, 0, left)]],
  ])('%s', (_where, rows) => {
    expect(verdictOfLast(rows)).toBe('unverified');
    const pid = rows.at(-1)?.pid ?? 0;
    expect(verdicts([...rows, python(320, pid, { sid: rows.at(-1)!.sid!, pgid: rows.at(-1)!.pgid! })])[320]).toBe(
      'unverified',
    );
  });
});

describe('not proven', () => {
  const holder = { dataDirMark: '/home/u/.claude-mem' };
  test.each<[string, ProcessRow[], Scene]>([
    ['only 120 s old', [uv(310, 1, { ...left, ...secondsOld(120) })], {}],
    [
      'young, whatever the clock says',
      [uv(310, 1, { ...left, ...secondsOld(5), startedAt: '1970-01-01T00:00:00.000Z' })],
      {},
    ],
    [
      'young, though the clock ran on',
      [uv(310, 1, { ...left, ...secondsOld(5) })],
      { snapshot: { takenAt: '2099-01-01T00:00:00.000Z' } },
    ],
    ['a tree mark that nobody knows', [uv(310, 1, { ...left, treeMark: 't9' })], {}],
    ['an owner mark', [uv(310, 1, { ...left, ownerMark: 'x' })], {}],
    ['a live claude-mem that leads its session', [worker(300, 1), uv(310, 1, left)], {}],
    ['the plugin’s live worker leading its session', [pluginWorker(300), python(310, 1, { ...left, ...holder })], {}],
    [
      'a live claude-mem that leads its group',
      [searchServer(305, 70, { sid: 70, pgid: 305 }), uv(310, 1, { sid: 290, pgid: 305 })],
      {},
    ],
    [
      'a live claude-mem above it',
      [row(1, 0, 'bun worker-service.cjs --daemon', { name: 'bun', uid: 1000, sid: 0 }), uv(310, 1, left)],
      {},
    ],
    [
      'a supervisor of ours above it, its environment hidden',
      [supervisor(290, 1, HIDDEN_MARKS), row(295, 290, 'reaper'), uv(310, 295, { ...left, ...HIDDEN_MARKS })],
      {},
    ],
    ['no start', [uv(310, 1, { ...left, startTicks: undefined as never })], {}],
    [
      'no start of the parent',
      [row(80, 1, 'x', { startTicks: undefined as never, startedAt: '' }), uv(310, 80, left)],
      {},
    ],
    ['a user that could not be read', [uv(310, 1, { ...left, uid: undefined as never })], {}],
    ['a reader that does not know its own user', [uv(310, 1, left)], { snapshot: { self: { pid: 9_000 } } }],
    ['a parent that an incomplete listing does not show', [uv(310, 99, left)], { snapshot: { complete: false } }],
    [
      'an entry that may mean it',
      [uv(310, 1, left)],
      { manifests: [manifest('t', [entry('chroma-sync', uv(310, 1))], { pidNamespace: '4' })] },
    ],
  ])('an unmarked chroma-mcp is unverified with %s', (_what, rows, scene) => {
    expect(verdictOfLast(rows, scene)).toBe('unverified');
  });

  test('an unmarked chroma-mcp under pid 1 is unverified if a live installation records it', () => {
    const registries = [
      { file: 'worker.pid', content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }) },
      {
        file: 'supervisor.json',
        content: JSON.stringify({ processes: { c: { pid: 310, type: 'chroma', startedAt: clockAt(3_200) } } }),
      },
    ];
    const subject = uv(310, 1, left);
    expect(verdicts([pluginWorker(200), subject], { registries })).toEqual({ 200: 'foreign', 310: 'unverified' });
    expect(verdicts([subject], { registries })).toEqual({ 310: 'orphan' });
  });

  test('an unmarked chroma-mcp is unverified if an unreadable registry may record it', () => {
    const registries = [{ file: '/home/me/.claude-mem/supervisor.json', content: null }];
    const judgement = judge([uv(310, 1, left)], { registries }).at(-1);
    expect(judgement?.verdict).toBe('unverified');
    expect(judgement?.evidence.map(({ detail }) => detail).join('\n')).toContain('could not be read');
  });

  test('an entry of an earlier process with that pid does not count', () => {
    const reused = manifest('t', [entry('chroma-sync', row(310, 1, 'x', bornAt(9)))]);
    expect(verdictOfLast([uv(310, 1, left)], { manifests: [reused] })).toBe('orphan');
  });
});

describe('left by a recorded worker that is gone and led its session', () => {
  const registries = [
    { file: 'worker.pid', content: JSON.stringify({ pid: 300, startedAt: clockAt(3_020), startToken: '3000' }) },
  ];
  const young = { ...left, ...secondsOld(3) };

  test.each<[string, ProcessRow[], string]>([
    ['is proven at any age', [uv(310, 1, young)], 'orphan'],
    ['not under a live shell', [uv(310, shell.pid, young)], 'orphan'],
    ['not in a session that another led', [uv(310, 1, { ...secondsOld(3), sid: 290 })], 'unverified'],
    ['not while that worker lives', [pluginWorker(300), uv(310, 1, young)], 'unverified'],
    ['the worker a zombie', [pluginWorker(300, { state: 'Z' }), uv(310, 1, young)], 'orphan'],
    [
      'not while the worker’s pid is another process’s',
      [row(300, 1, 'zsh', bornAt(9_000)), uv(310, 1, young)],
      'unverified',
    ],
    [
      'not while it is another process’s zombie',
      [row(300, 1, 'zsh', { ...bornAt(9_000), state: 'Z' }), uv(310, 1, young)],
      'unverified',
    ],
    ['not a job of its own', [uv(310, 1, { ...young, pgid: 310 })], 'unverified'],
  ])('%s', (_which, rows, verdict) => {
    expect(verdictOfLast(rows, { registries })).toBe(verdict);
  });

  test('a worker missing from an incomplete listing may be alive', () => {
    expect(verdictOfLast([uv(310, 1, young)], { registries, snapshot: { complete: false } })).toBe('unverified');
  });
});

describe('a recorded worker whose pid was reused', () => {
  const zsh = row(55, 40, '/usr/bin/zsh', { name: 'zsh', ...bornAt(9_000_000) });
  const own = { sid: 55, ...secondsOld(30) };
  const record = (at: number, startToken?: string) => [
    {
      file: 'supervisor.json',
      content: JSON.stringify({ processes: { worker: { pid: 55, startedAt: clockAt(at), startToken } } }),
    },
  ];

  test("leaves a user's chroma-mcp in the shell with that pid unverified", () => {
    for (const registries of [record(3_020), record(3_020, '3000')]) {
      expect(verdictOfLast([zsh, uv(310, 1, own)], { registries })).toBe('unverified');
      expect(verdictOfLast([uv(310, 1, own)], { registries })).toBe('orphan');
    }
  });

  test('leaves it unverified by process group if the reader has no sessions', () => {
    const rows = [zsh, uv(310, 1, { ...own, pgid: 55 })];
    const judged = (processes: ProcessRow[]) =>
      verdictsOf(judgeSnapshot(psListSnapshotOf([init, ...processes]), { registries: record(3_020) }))[310];
    expect(judged(rows)).toBe('unverified');
    expect(judged(rows.slice(1))).toBe('orphan');
  });

  test('leaves it unverified when the record is of an earlier boot', () => {
    expect(verdictOfLast([uv(310, 1, own)], { registries: record(-1) })).toBe('unverified');
  });

  test('leaves it unverified when it is older than that worker', () => {
    expect(verdictOfLast([uv(310, 1, own)], { registries: record(9_999_000, '9999000') })).toBe('unverified');
  });
});

describe('without session ids, the process group decides', () => {
  const around = [init, systemdUser, terminal, shell];
  const of = (rows: readonly ProcessRow[], scene: Scene = {}) =>
    verdictsOf(judgeSnapshot(psListSnapshotOf([...around, ...rows], scene.snapshot), scene))[rows.at(-1)?.pid ?? 0];
  const registries = [{ file: 'worker.pid', content: JSON.stringify({ pid: 300, startedAt: clockAt(3_020) }) }];

  test.each<[string, ProcessRow[], Scene, string]>([
    ['left to launchd, in the group of the dead', [uv(310, 1, { pgid: 300 })], {}, 'orphan'],
    ['leading its group: nohup', [uv(310, 1, { pgid: 310 })], {}, 'unverified'],
    ['young', [uv(310, 1, { pgid: 300, ...secondsOld(60) })], {}, 'unverified'],
    [
      'young, left by a recorded worker that is gone',
      [uv(310, 1, { pgid: 300, ...secondsOld(60) })],
      { registries },
      'orphan',
    ],
    ['a pipeline in a shell, its first ended', [uv(310, 70, { pgid: 309 })], {}, 'unverified'],
    [
      'a pipeline in a shell beside records of a dead worker',
      [uv(310, 70, { pgid: 309 })],
      { registries },
      'unverified',
    ],
    [
      'under a subreaper, left by a recorded worker that is gone',
      [row(80, 1, 'reaper'), uv(310, 80, { pgid: 300 })],
      { registries },
      'orphan',
    ],
    ['in the group of its parent', [row(80, 1, 'sh'), uv(310, 80, { pgid: 80 })], { registries }, 'unverified'],
    ['a live worker leads its group', [worker(300, 1), uv(310, 1, { pgid: 300 })], {}, 'unverified'],
  ])('%s', (_which, rows, scene, verdict) => {
    expect(of(rows, scene)).toBe(verdict);
  });
});

describe('without sessions and groups (Windows), a parent that is gone or younger decides', () => {
  const dir = 'C:\\Users\\U\\.claude-mem';
  const rest = `chroma-mcp --client-type persistent --data-dir ${dir}\\chroma`;
  const bin = 'C:\\Users\\U\\.local\\bin';
  const env = 'C:\\Users\\U\\AppData\\uv\\x\\Scripts';

  /** As CIM shows it: no user, no group, no session, no state, no environment. */
  function exe(pid: number, ppid: number, argv: readonly string[], extra: Partial<ProcessRow> = {}): ProcessRow {
    const { startedAt } = row(pid, ppid, 'x');
    const name = (argv[0] ?? '').slice((argv[0] ?? '').lastIndexOf('\\') + 1);
    const command = argv.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ');
    return { pid, ppid, startedAt, name, argv, command, ...HIDDEN_MARKS, ...extra };
  }
  const words = (program: string, args: string) => [program, ...args.split(' ')];
  const chain = (first: number) => [
    exe(310, first, words(`${bin}\\uvx.exe`, rest)),
    exe(320, 310, words(`${bin}\\uv.exe`, `tool uvx ${rest}`)),
    exe(330, 320, [`${env}\\chroma-mcp.exe`, ...rest.split(' ').slice(1)]),
    exe(340, 330, [`${env}\\python.exe`, `${env}\\chroma-mcp.exe`, ...rest.split(' ').slice(1)]),
    exe(350, 340, ['C:\\Python313\\python.exe', `${env}\\chroma-mcp.exe`, ...rest.split(' ').slice(1)]),
  ];
  const bun = (pid: number) => exe(pid, 99, ['C:\\bun.exe', 'C:\\x\\worker-service.cjs', '--daemon']);
  const cmd = (pid: number, ppid: number, text: string) =>
    exe(pid, ppid, ['C:\\Windows\\system32\\cmd.exe', '/d', '/s', '/c', text]);
  const system = exe(4, 0, ['System'], { name: 'System', command: '' });

  function judged(rows: readonly ProcessRow[], scene: Scene = {}) {
    const me = row(9_000, 70, 'claude-mem');
    const snapshot = {
      ...psListSnapshotOf([]),
      source: 'cim',
      platform: 'win32',
      startPrecisionMs: 1,
      self: { pid: 9_000 },
      processes: [system, without(me, 'sid', 'pgid', 'uid', 'startTicks'), ...rows],
      ...scene.snapshot,
    };
    return judgeSnapshot(snapshot, { dataDir: dir, ...scene });
  }
  const verdictsThere = (rows: readonly ProcessRow[], scene: Scene = {}) => verdictsOf(judged(rows, scene));
  const all = (verdict: string, ...more: number[]) =>
    Object.fromEntries([...more, 310, 320, 330, 340, 350].map((pid) => [pid, verdict]));

  test('the whole chain is an orphan when the parent of its first process is gone, and rests on its command lines', () => {
    const found = judged(chain(200));
    expect(verdictsOf(found)).toEqual(all('orphan'));
    expect(found.every(({ restsOnCommand }) => restsOnCommand)).toBe(true);
    expect(found[0]?.evidence.map(({ detail }) => detail)).toContain('its parent pid 200 is gone');
  });

  test('the reap plan contains the whole chain', () => {
    const found = judged(chain(200));
    expect(
      planReap(
        found,
        new ProcessIndex({
          ...psListSnapshotOf([]),
          self: { pid: 9_000 },
          processes: [...chain(200), row(9_000, 70, 'x')],
        }),
        { includeExcess: false },
      ).plan,
    ).toHaveLength(5);
  });

  test('the whole chain is an orphan when the pid of its parent went to a younger process', () => {
    expect(verdictsThere([...chain(500), exe(500, 4, ['C:\\x\\notepad.exe'])])).toEqual(all('orphan'));
  });

  test.each([1, 2, 3, 4])('the rest of the chain is an orphan once its first %d processes are gone', (gone) => {
    const found = verdictsThere(chain(200).slice(gone));
    expect(new Set(Object.values(found))).toEqual(new Set(['orphan']));
    expect(Object.keys(found)).toHaveLength(5 - gone);
  });

  test.each([`uvx ${rest}`, `"${bin}\\uvx.exe" ${rest}`])(
    'cmd.exe /c %s in front of the chain shares its verdict',
    (text) => {
      expect(verdictsThere([cmd(305, 200, text), ...chain(305)])).toEqual(all('orphan', 305));
      expect(verdictsThere([bun(200), cmd(305, 200, text), ...chain(305)])).toEqual(all('unverified', 305));
    },
  );

  test('a chain under a live worker, or under any other live parent, is unverified', () => {
    expect(verdictsThere([bun(200), ...chain(200)])).toEqual(all('unverified'));
    expect(verdictsThere([exe(200, 99, ['C:\\x\\cmd.exe']), ...chain(200)])).toEqual(all('unverified'));
  });

  test('a chain below a live worker is unverified even if a process between them is gone', () => {
    const rows = [bun(290), exe(300, 290, ['C:\\x\\helper.exe']), ...chain(300)];
    expect(verdictsThere(rows)).toEqual(all('unverified'));
  });

  test('a chain that is at most 120 s old is unverified', () => {
    const takenAt = (seconds: number) => ({ snapshot: { takenAt: clockAt(3_100 + seconds * 100) } });
    expect(verdictsThere(chain(200), takenAt(120))).toEqual(all('unverified'));
    expect(verdictsThere(chain(200), takenAt(121))).toMatchObject({ 310: 'orphan', 320: 'orphan' });
  });

  test('a chain is unverified if a live installation records it or a registry cannot be read', () => {
    const registries = [
      { file: 'worker.pid', content: JSON.stringify({ pid: 290, startedAt: clockAt(2_920) }) },
      {
        file: 'supervisor.json',
        content: JSON.stringify({ processes: { c: { pid: 310, type: 'chroma', startedAt: clockAt(3_400) } } }),
      },
    ];
    expect(verdictsThere([bun(290), ...chain(200)], { registries })[310]).toBe('unverified');
    expect(verdictsThere(chain(200), { registries: [{ file: 'x', content: null }] })[310]).toBe('unverified');
  });

  test('a listing that is incomplete proves no parent gone', () => {
    expect(verdictsThere(chain(200), { snapshot: { complete: false } })).toEqual(all('unverified'));
  });

  test('a chain of another data dir is foreign, and an editor with the same words is not judged', () => {
    const other = chain(200).map((each) => ({
      ...each,
      argv: each.argv!.map((word) => word.replace('.claude-mem', '.other')),
    }));
    expect(new Set(Object.values(verdictsThere(other)))).toEqual(new Set(['foreign']));
    expect(verdictsThere([exe(310, 200, ['C:\\x\\code.exe', 'chroma-mcp', '--data-dir', `${dir}\\chroma`])])).toEqual(
      {},
    );
  });
});

test('the evidence of an unverified process names the missing proof', () => {
  const found = judge([uv(310, shell.pid, { sid: 70 })]);
  expect(found[0]?.evidence.map(({ kind }) => kind)).toEqual(['command', 'not-proven']);
  expect(found[0]?.evidence[1]?.detail).toBe('not re-parented: its parent pid 70 (bash) is alive');
});

test("a chroma-mcp in its parent's session is unverified, even if a recorded worker that is gone led that session", () => {
  const registries = [
    { file: 'worker.pid', content: JSON.stringify({ pid: 300, startedAt: clockAt(3_020), startToken: '3000' }) },
  ];
  const parent = row(305, 70, 'bash', { sid: 300, pgid: 305 });
  expect(verdictOfLast([parent, uv(310, 305, { sid: 300, pgid: 306 })], { registries })).toBe('unverified');
});

test('a chroma-mcp is unverified if a recorded process leads its session, with any command line', () => {
  const leader = row(300, 1, 'anything');
  const manifests = [manifest('t1', [entry('worker', leader)])];
  expect(verdictOfLast([leader, uv(310, 1, left)], { manifests })).toBe('unverified');
  expect(verdictOfLast([leader, uv(310, 1, left)])).toBe('orphan');
});

test('a chroma-mcp born in the same tick as the gone worker that led its session is an orphan', () => {
  const registries = [
    { file: 'worker.pid', content: JSON.stringify({ pid: 300, startedAt: clockAt(9_999_910), startToken: '9999900' }) },
  ];
  expect(verdictOfLast([uv(310, 1, { ...left, ...bornAt(9_999_900) })], { registries })).toBe('orphan');
  expect(verdictOfLast([uv(310, 1, { ...left, ...bornAt(9_999_899) })], { registries })).toBe('unverified');
});

describe('a pattern proves nothing', () => {
  test('for a session leader whose parent is gone, because a person may have started it', () => {
    expect(verdictOfLast([uv(500, 99)])).toBe('unverified');
  });

  test('a pattern proves nothing by groups under a parent with an unreadable group', () => {
    const registries = [{ file: 'worker.pid', content: JSON.stringify({ pid: 300, startedAt: clockAt(3_000) }) }];
    const judged = (parentGroup: number | undefined) => {
      const parent = row(80, 1, 'reaper', { name: 'reaper' });
      const shown = psListSnapshotOf([init, parent, uv(310, 80, { sid: 300, pgid: 300 })]);
      const processes = shown.processes.map((each) =>
        each.pid === 80 && parentGroup === undefined ? without(each, 'pgid') : each,
      );
      return verdictsOf(judgeSnapshot({ ...shown, processes }, { registries }))[310];
    };
    expect([judged(80), judged(undefined)]).toEqual(['orphan', 'unverified']);
  });
});
