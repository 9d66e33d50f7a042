import { describe, expect, test } from 'vitest';
import type { Channels, ChannelState } from '../../../src/core/process/channels.ts';
import type { OtherRegistry, ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  CHROMA,
  clockAt,
  DATA_DIR,
  entry,
  judge,
  manifest,
  marks,
  pluginWorker,
  python,
  row,
  secondsOld,
  shell,
  supervisor,
  systemdUser,
  uv,
  UVX,
  verdictOfLast,
  verdicts,
  worker,
} from '../builders.ts';

const channels = (stdin: ChannelState, stdout: ChannelState): { channels: Channels } => ({
  channels: { stdin, stdout },
});
const dead = channels('closed', 'closed');
const plugin = pluginWorker(200);
const registry = (processes: object): OtherRegistry => ({
  file: 'supervisor.json',
  content: JSON.stringify({ processes }),
});
const workerPid: OtherRegistry = {
  file: 'worker.pid',
  content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }),
};
const recorded = (pid: number) => registry({ chroma: { pid, type: 'chroma', startedAt: clockAt(90_000_000) } });

describe('an adopted chroma-mcp that no client can reach', () => {
  test('an adopted chroma-mcp that no client can reach is an orphan immediately, however young', () => {
    expect(verdictOfLast([uv(310, systemdUser.pid, { sid: 300, ...secondsOld(1), ...dead })])).toBe('orphan');
  });

  test('an adopted chroma-mcp that no client can reach is an orphan even if it leads its session', () => {
    expect(verdictOfLast([uv(310, 1, { ...secondsOld(1), ...dead })])).toBe('orphan');
  });

  test('an adopted chroma-mcp that no client can reach is an orphan in the session of a live plugin worker that does not record it', () => {
    const rows = [plugin, python(310, 1, { sid: 200, ...secondsOld(1), ...dead })];
    expect(verdictOfLast(rows, { registries: [workerPid, recorded(999)] })).toBe('orphan');
  });

  test('shares its verdict with its python, whose channels were not read', () => {
    const rows = [
      uv(310, 1, { sid: 300, ...secondsOld(1), ...dead }),
      python(320, 310, { sid: 300, ...secondsOld(1) }),
    ];
    expect(verdicts(rows)).toEqual({ 310: 'orphan', 320: 'orphan' });
  });

  test('an adopted chroma-mcp that no client can reach has evidence that ss and lsof can check', () => {
    const [judgement] = judge([uv(310, 1, { sid: 300, ...secondsOld(1), ...dead })]);
    expect(judgement?.evidence.map(({ detail }) => detail)).toContain(
      'no process holds the other end of its stdin and stdout, so no client can reach it (check: sockets ss -xanep | grep pid=310, pipes lsof +E -a -p 310 -d 0,1)',
    );
  });

  test('needs its command line compared again before a signal', () => {
    const [judgement] = judge([uv(310, 1, { sid: 300, ...secondsOld(1), ...dead })]);
    expect(judgement).toMatchObject({ verdict: 'orphan', restsOnCommand: true, needsSecondLook: false });
  });

  test.each([
    ['a live plugin worker records it', [plugin], [workerPid, recorded(310)]],
    [
      'a live plugin worker records its wrapper',
      [plugin, uv(305, 1, { sid: 200, ...dead })],
      [workerPid, recorded(305)],
    ],
    ['a registry of the plugin cannot be read', [], [{ file: 'supervisor.json', content: null }]],
  ] as const)('an adopted chroma-mcp that no client can reach is no leak if %s', (_, rows, registries) => {
    const parent = rows.some(({ pid }) => pid === 305) ? 305 : 1;
    const judged = verdictOfLast([...rows, python(310, parent, { sid: 200, ...secondsOld(1), ...dead })], {
      registries: [...registries],
    });
    expect(judged).not.toBe('orphan');
    expect(judged).not.toBe('excess');
  });

  test('an adopted chroma-mcp that no client can reach is no leak if a live owner records it', () => {
    const root = supervisor(300, 1);
    const of = worker(310, 300, { sid: 310, ...marks('t1', root, 'worker') });
    const wrapper = uv(320, 1, { sid: 310, ...dead });
    const manifests = [
      manifest('t1', [
        entry('supervisor', root),
        entry('worker', of, { by: root }),
        entry('chroma-sync', wrapper, { by: of }),
      ]),
    ];
    expect(verdicts([root, of, wrapper], { manifests })[320]).toBe('managed');
  });

  test.each([
    ['stdout is open', channels('closed', 'open')],
    ['stdout is unknown', channels('closed', 'unknown')],
    ['stdin is open', channels('open', 'closed')],
    ['stdin is unknown', channels('unknown', 'closed')],
    ['nothing was read', {}],
  ])('an adopted chroma-mcp that no client can reach is unverified while it is young and %s', (_, extra) => {
    expect(verdictOfLast([uv(310, 1, { sid: 300, ...secondsOld(60), ...extra })])).toBe('unverified');
  });

  test('an adopted chroma-mcp that no client can reach of another data dir is foreign', () => {
    const other = row(310, 1, `${UVX} --data-dir /home/u/claude-desktop-chroma`, { name: 'uv', ...dead });
    expect(verdictOfLast([other])).toBe('foreign');
  });

  test('an adopted chroma-mcp that no client can reach under a live parent is unverified', () => {
    expect(verdictOfLast([uv(310, shell.pid, { sid: 70, ...dead })])).toBe('unverified');
  });
});

describe('a python whose uv wrapper was killed', () => {
  const half = channels('closed', 'open');

  test('a python whose uv wrapper was killed is an orphan under a live plugin worker that still holds its stdout', () => {
    const rows = [plugin, python(310, 1, { sid: 200, ...secondsOld(1), ...half })];
    expect(verdictOfLast(rows, { registries: [workerPid] })).toBe('orphan');
    expect(judge(rows, { registries: [workerPid] }).at(-1)?.needsSecondLook).toBe(true);
  });

  test('a python whose uv wrapper was killed is unverified while its stdin is open', () => {
    const rows = [plugin, python(310, 1, { sid: 200, ...secondsOld(1_000), ...channels('open', 'open') })];
    expect(verdictOfLast(rows, { registries: [workerPid] })).toBe('unverified');
  });

  test('a python whose uv wrapper was killed is unverified in a session that no plugin worker leads: a batch job closes stdin on purpose', () => {
    expect(verdictOfLast([python(310, 1, { sid: 300, ...secondsOld(60), ...half })])).toBe('unverified');
  });
});

describe('a chroma-mcp for a remote server', () => {
  const remote = (pid: number, ppid: number, extra: Partial<ProcessRow>) =>
    row(pid, ppid, `${UVX} --client-type http --host chroma.example --port 8000`, { name: 'uv', ...extra });
  const env = { dataDirMark: DATA_DIR };

  test('a chroma-mcp for a remote server is an orphan if its environment names the data dir and no client can reach it', () => {
    expect(verdictOfLast([remote(310, 1, { sid: 300, ...secondsOld(1), ...env, ...dead })])).toBe('orphan');
  });

  test('a chroma-mcp for a remote server is an orphan if the plugin worker that led its session is gone', () => {
    const rows = [remote(310, 1, { sid: 200, pgid: 200 })];
    expect(verdictOfLast(rows, { registries: [workerPid] })).toBe('orphan');
  });

  test.each([
    ['its environment names another data dir', { dataDirMark: '/elsewhere', ...dead }],
    ['its environment names no data dir', dead],
    ['a client can reach it', { ...env, ...channels('open', 'open') }],
    ['its channels are unknown', env],
  ])('a chroma-mcp for a remote server is foreign if %s', (_, extra) => {
    expect(verdictOfLast([remote(310, 1, { sid: 300, ...extra })])).toBe('foreign');
  });
});

describe('an observer', () => {
  const observer = (extra: Partial<ProcessRow> = {}) =>
    row(310, 1, '/usr/bin/claude --output-format stream-json', { name: 'claude', ...dead, ...extra });
  const left = registry({
    worker: { pid: 200, type: 'worker', startedAt: clockAt(2_020) },
    'sdk:7:310': { pid: 310, type: 'sdk', startedAt: clockAt(3_150), pgid: 310 },
  });

  test('an observer of a gone worker is an orphan', () => {
    const [judgement] = judge([observer()], { registries: [left] });
    expect(judgement).toMatchObject({ verdict: 'orphan', role: 'observer' });
  });

  test.each([
    ['its worker is alive', [pluginWorker(200)], {}],
    ['a client can reach it', [], channels('open', 'open')],
    ['it does not lead its session', [], { sid: 300, pgid: 310 }],
    ['it was born after the registration', [], { ...secondsOld(10) }],
    ['it was born before the worker', [], { startTicks: 100, startedAt: clockAt(100) }],
  ] as const)('an observer is no leak if %s', (_, rows, extra) => {
    const judged = verdicts([...rows, observer(extra)], { registries: [left] });
    expect(judged[310] ?? 'none').not.toBe('orphan');
  });

  test('an observer that no registry records has no verdict', () => {
    expect(verdicts([observer()])).toEqual({});
  });
});

describe('a child of a live plugin worker that is not recorded', () => {
  const scene = { registries: [workerPid, recorded(400)] };
  const current = uv(400, 200, { sid: 200 });

  test('a child of a live plugin worker that is not recorded is excess with its python if the recorded chroma-mcp is not older', () => {
    const rows = [plugin, uv(310, 200, { sid: 200 }), python(320, 310, { sid: 200 }), current];
    expect(verdicts(rows, scene)).toMatchObject({ 310: 'excess', 320: 'excess', 400: 'foreign' });
  });

  test('a child of a live plugin worker that is not recorded is unverified if the recorded chroma-mcp is older', () => {
    expect(verdicts([plugin, current, uv(500, 200, { sid: 200 })], scene)).toMatchObject({ 500: 'unverified' });
  });

  test('a child of a live plugin worker that is not recorded is unverified for its first ten seconds', () => {
    const young = uv(310, 200, { sid: 200, ...secondsOld(10) });
    expect(verdicts([plugin, young, { ...current, ...secondsOld(5) }], scene)).toMatchObject({ 310: 'unverified' });
  });

  test('a child of a live plugin worker that is not recorded is excess if its stdin is closed, after a second look', () => {
    const rows = [plugin, current, uv(500, 200, { sid: 200, ...channels('closed', 'open') })];
    const judged = judge(rows, scene).at(-1);
    expect(judged).toMatchObject({ verdict: 'excess', needsSecondLook: true });
  });

  test('passes the second look on to its python', () => {
    const rows = [
      plugin,
      current,
      uv(500, 200, { sid: 200, ...channels('closed', 'open') }),
      python(510, 500, { sid: 200 }),
    ];
    expect(judge(rows, scene).at(-1)).toMatchObject({ verdict: 'excess', needsSecondLook: true });
  });

  test('a child of a live plugin worker that is not recorded is unverified if a process below it is recorded', () => {
    const rows = [plugin, uv(310, 200, { sid: 200 }), python(400, 310, { sid: 200 })];
    expect(verdicts(rows, scene)[310]).not.toBe('excess');
  });

  test('a child of a live plugin worker that is not recorded is unverified under a worker that no registry records', () => {
    const rows = [plugin, uv(310, 200, { sid: 200, ...channels('closed', 'open') }), current];
    expect(verdicts(rows)).toMatchObject({ 310: 'unverified', 400: 'unverified' });
  });

  test('a child of a live plugin worker that is not recorded is foreign with another data dir', () => {
    const other = row(310, 200, `${UVX} --data-dir /elsewhere`, { name: 'uv', sid: 200 });
    expect(verdicts([plugin, other, current], scene)).toMatchObject({ 310: 'foreign' });
  });
});

test('a closed channel is no evidence for a process that is not a chroma-mcp', () => {
  expect(verdicts([row(310, 1, `node server.js ${CHROMA}`, { name: 'node', ...dead })])).toEqual({});
});
