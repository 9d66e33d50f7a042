import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MODEL_FILES, modelFolder } from '../../src/chroma/embedding-model.ts';
import { identityKey } from '../../src/core/process/descent.ts';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { StatusReport } from '../../src/operations/tree/status-report.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import { loadWindowsNative } from '../../src/platform/windows/native/load-native.ts';
import { namedPipes } from '../../src/platform/named-pipes.ts';
import { askSocket } from '../../src/shared/ask-socket.ts';
import { readToken } from '../../src/state/control/token.ts';
import { findWorkerSocket } from '../../src/state/control/worker-socket.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { createTempDir } from '../helpers/temp-dir.ts';
import { cleanEnvironment, runCli } from './run-cli.ts';
import { readRows, StandIns } from './stand-ins.ts';

const CLI = process.env.CLAUDE_MEM_TEST_CLI ?? '';
const SOON = { withinMs: 60_000 };

test('a tree starts, remembers what a hook tells it, and stops with nothing left', async () => {
  const tree = await startTree('--no-chroma');
  const { processes, healthy } = await tree.status();
  expect(processes.map(({ role }) => role)).toEqual(['supervisor', 'worker', 'search']);
  expect(healthy).toBe(true);
  expect(await tree.expects(0, 'start')).toContain('Already running');
  const event = { session_id: 's 1', cwd: tree.folder, prompt: 'wälder und flüsse' };
  const input = JSON.stringify({ ...event, hook_event_name: 'UserPromptSubmit' });
  await tree.expects(0, 'hook', { input });
  const context = JSON.stringify({ ...event, hook_event_name: 'SessionStart', source: 'startup', session_id: 's 2' });
  await tree.expects(0, 'hook', { input: context });
  expect(await tree.ask('POST', '/api/sessions', { project: 'p', prompt: 'wälder' })).toBe(201);
  expect(await tree.ask('GET', '/api/search?q=w%C3%A4lder')).toBe(200);
  await tree.expects(0, 'leaks', '--json');
  expect((await tree.run('logs', 'worker')).stdout).toContain('ready');
  expect((await tree.run('history', '--json')).exitCode).toBe(0);
  expect(await tree.expects(0, 'doctor', 'data-dir')).toMatch(PRIVATE);
  const checks = ['supervisor', 'worker', 'search-server', 'port', 'process-counts', 'orphans', 'guards'];
  await tree.expects(0, 'doctor', ...checks);
  const { treeId } = await tree.status();
  await tree.expects(0, 'restart', '--no-chroma');
  expect((await tree.status()).treeId).not.toBe(treeId);
  expect(await tree.expects(0, 'stop')).toContain('nothing left');
  expect(await tree.members()).toEqual([]);
  await tree.expects(3, 'status');
  // Each program was asked, and ended by itself.
  for (const [log, words] of [
    ['worker', /asked by the supervisor.*"msg":"shut down"/s],
    ['search-server', /"msg":"shut down"/],
    ['supervisor', /"isClean":true/],
  ] as const)
    expect(readFileSync(join(tree.dataDir, 'logs', `${log}.log`), 'utf8')).toMatch(words);
});

test('starts at the same time end in one tree', async () => {
  const tree = await createTree();
  const starts = await Promise.all([1, 2, 3].map(() => tree.run('start', '--no-chroma')));
  expect(starts.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([0, 0, 0].map((code) => [code, '']));
  const { processes } = await tree.status();
  expect(processes.map(({ role }) => role)).toEqual(['supervisor', 'worker', 'search']);
  expect(new Set((await tree.members()).map(({ treeMark }) => treeMark)).size).toBe(1);
});

test('a killed search server and a killed worker are replaced, and the worker leaves no uv and no python', async () => {
  const tree = await startTree();
  await tree.kill('search');
  await tree.untilReplaced('search');
  const chroma = await tree.startChroma();
  // A client whose worker is killed while it answers waits no longer.
  const asked = Array.from({ length: 20 }, () => tree.ask('GET', '/api/search?q=x').catch((error: unknown) => error));
  await tree.kill('worker');
  await Promise.all(asked);
  await tree.untilReplaced('worker');
  await eventually('uv and python of the killed worker are gone', async () => tree.areGone(chroma), SOON);
  expect((await tree.status()).restarts).toBe(1);
  await tree.expects(0, 'stop');
  expect(await tree.members()).toEqual([]);
});

test.each([
  ['the python of a killed uv is ended', 'uvx.exe'],
  ['the uv of a killed python is gone', 'python.exe'],
])('%s', async (_, name) => {
  const tree = await startTree();
  const chroma = await tree.startChroma();
  const victim = chroma.find((row) => row.name.toLowerCase() === name);
  const bound = (await loadPlatform()).signaller.bind(victim!, { compareCommand: true });
  if (typeof bound === 'string') throw new Error(bound);
  expect(bound.signal('SIGKILL')).toBe('sent');
  bound.close();
  await eventually('uv and python are gone', () => tree.areGone(chroma), SOON);
  expect((await tree.status()).restarts).toBe(0);
});

test('stop ends a uv and a python that do not answer', async () => {
  const tree = await startTree();
  const chroma = await tree.startChroma();
  await tree.expects(0, 'stop');
  expect(await tree.areGone(chroma)).toBe(true);
  expect(await tree.members()).toEqual([]);
});

test('a killed supervisor takes worker, search server, uv and python with it', async () => {
  const tree = await startTree();
  const chroma = await tree.startChroma();
  const all = await tree.members();
  expect(all.length).toBeGreaterThanOrEqual(5);
  // Suspended, a worker cannot end the tree by itself when its channel closes.
  await tree.hit('worker', 'SIGSTOP');
  await tree.kill('supervisor');
  await eventually('the job has ended everything', () => tree.areGone([...all, ...chroma]), { withinMs: 3_000 });
  await tree.expects(0, 'start', '--no-chroma');
  await tree.expects(0, 'stop');
});

test('a tree in the foreground ends with its command', async () => {
  const tree = await createTree();
  const args = [CLI, 'start', '--foreground', '--no-chroma', '--data-dir', tree.dataDir];
  const command = spawn(process.execPath, args, { env: cleanEnvironment(tree.env), stdio: 'ignore' });
  await eventually('the tree runs', async () => (await tree.status()).state === 'running', SOON);
  const all = await tree.members();
  command.kill('SIGKILL');
  await exitOf(command);
  await eventually('the tree has ended', () => tree.areGone(all), SOON);
});

// Wine sends the other events to no console. A thread at `CtrlRoutine` is what the console starts for each of them.
test.each([
  ['Ctrl-C', 0],
  ['Ctrl-Break', 1],
  ['a closed console', 2],
])('%s ends a tree in the foreground', async (_, event) => {
  const tree = await createTree();
  const args = [CLI, 'start', '--foreground', '--no-chroma', '--data-dir', tree.dataDir];
  // `windowsHide` gives the command a console of its own.
  const command = spawn(process.execPath, args, {
    env: cleanEnvironment(tree.env),
    stdio: 'ignore',
    windowsHide: true,
  });
  await eventually('the tree runs', async () => (await tree.status()).state === 'running', SOON);
  const all = await tree.members();
  const script = join(tree.folder, 'press.cjs');
  writeFileSync(script, PRESS);
  const modules = join(dirname(CLI), '..', 'node_modules');
  const press = spawn(process.execPath, [script, modules, String(command.pid), String(event)], { stdio: 'ignore' });
  await exitOf(press);
  expect(press.exitCode).toBe(0);
  await exitOf(command);
  expect(command.exitCode).toBe(0);
  await eventually('the tree has ended', () => tree.areGone(all), SOON);
  expect(readFileSync(join(tree.dataDir, 'logs', 'supervisor.log'), 'utf8')).toContain('"isClean":true');
});

/** Presses Ctrl-C in the console of another process, or tells the process of another event. */
const PRESS = `
  const koffi = require(process.argv[2] + '/koffi');
  const kernel = koffi.load('kernel32.dll');
  const call = (prototype) => kernel.func('int32 ' + prototype);
  const [pid, event] = process.argv.slice(3).map(Number);
  if (event > 0) {
    const module = kernel.func('intptr GetModuleHandleA(str name)')('kernelbase.dll');
    const routine = kernel.func('intptr GetProcAddress(intptr module, str name)')(module, 'CtrlRoutine');
    const handle = kernel.func('intptr OpenProcess(uint32 access, int inherit, uint32 pid)')(0x1fffff, 0, pid);
    const start = 'intptr CreateRemoteThread(intptr process, void *attributes, size_t stack, intptr routine, intptr argument, uint32 flags, void *id)';
    process.exit(kernel.func(start)(handle, null, 0, routine, event, 0, null) === 0 ? 4 : 0);
  }
  call('FreeConsole()')();
  if (!call('AttachConsole(uint32 pid)')(pid)) process.exit(2);
  call('SetConsoleCtrlHandler(intptr handler, int add)')(0, 1);
  if (!call('GenerateConsoleCtrlEvent(uint32 event, uint32 group)')(0, 0)) process.exit(3);
  process.exit(0);
`;

test('verify passes', async () => {
  // The other two kill parts of Chroma, and Wine has no uv.
  const scenarios = [
    ...['stop', 'restart', 'worker-crash', 'search-crash', 'supervisor-crash', 'stop-during-start'],
    ...['double-start', 'unresponsive-child'],
  ];
  const args = [
    'verify',
    '--json',
    '--scenario',
    scenarios.join(','),
    '--data-dir',
    join(createTempDir().path, 'dätä'),
  ];
  const { exitCode, stdout } = await runCli(args, { env: { CLAUDE_MEM_CHROMA_ENABLED: 'false' } });
  const report = JSON.parse(stdout) as { scenarios: readonly { name: string; passed: boolean }[] };
  expect(report.scenarios.map(({ name }) => name)).toEqual(scenarios);
  expect(JSON.stringify(report.scenarios.filter(({ passed }) => !passed))).toBe('[]');
  expect(report).toMatchObject({ passed: true, complete: true });
  expect(exitCode).toBe(0);
});

test('a data dir that other users may write stops every acting command, until doctor --fix closes it', async () => {
  const tree = await createTree();
  mkdirSync(join(tree.dataDir, 'trees'), { recursive: true });
  openToEverybody(tree.dataDir);
  const acting = [['start'], ['stop'], ['restart'], ['reap', '--yes'], ['setup'], ['guard', 'run'], ['search-server']];
  for (const [command = '', ...rest] of acting) {
    const { exitCode, stderr } = await tree.run(command, ...rest);
    expect([command, exitCode, stderr]).toEqual([command, 2, expect.stringMatching(/can be written by\s+Everyone/)]);
    expect(stderr).toContain('doctor --fix');
  }
  expect(await tree.members()).toEqual([]);
  await tree.expects(0, 'leaks');
  expect(await tree.expects(1, 'doctor', 'data-dir')).toMatch(/written by\s+Everyone/);
  expect(await tree.expects(0, 'doctor', '--fix', 'data-dir')).toMatch(PRIVATE);
  await tree.expects(0, 'reap', '--yes');
  openToEverybody(join(tree.dataDir, 'trees'));
  await tree.expects(2, 'reap', '--yes');
  await tree.expects(0, 'doctor', '--fix', 'data-dir');
  await tree.expects(0, 'reap', '--yes');
});

const PRIVATE = /only\s+you\s+and\s+administrators\s+have\s+access/;

function openToEverybody(path: string): void {
  const everyone = Buffer.from('010100000000000100000000', 'hex');
  const list = Buffer.alloc(16);
  list.writeUInt8(2, 0);
  list.writeUInt16LE(list.length + everyone.length, 2);
  list.writeUInt16LE(1, 4);
  list.writeUInt16LE(8 + everyone.length, 10);
  list.writeUInt32LE(0x1f_01ff, 12);
  const listOfUsers = Buffer.concat([list, everyone]);
  expect(loadWindowsNative()?.setNamedSecurity(path, 1, 0x4, null, null, listOfUsers, null)).toBe(0);
}

type Part = 'supervisor' | 'worker' | 'search';

async function startTree(...options: readonly string[]) {
  const tree = await createTree();
  await tree.expects(0, 'start', ...options);
  return tree;
}

async function createTree() {
  const folder = join(createTempDir().path, 'Ada Lövelace');
  const dataDir = join(folder, 'dätä dir');
  const model = modelFolder(folder);
  mkdirSync(model, { recursive: true });
  for (const name of MODEL_FILES) writeFileSync(join(model, name), 'x');
  const standIns = new StandIns(join(folder, 'Scripts'));
  const python = `"${standIns.path('python')}" "${standIns.path('chroma-mcp')}" --data-dir "${join(dataDir, 'vectors')}"`;
  const env = {
    ...{ USERPROFILE: folder, HOME: folder, CLAUDE_MEM_WORKER_PORT: String(await freePort()) },
    ...{ CLAUDE_MEM_UVX: standIns.path('uvx'), UV_STAND_IN_NEXT: python, UV_STAND_IN_ENDS_WITH_CHILD: '1' },
  };
  const run = (command: string, ...rest: readonly (string | { readonly input: string })[]) => {
    const args = rest.filter((each) => typeof each === 'string');
    const input = rest.find((each) => typeof each === 'object')?.input ?? '';
    return runCli([command, ...args, '--data-dir', dataDir], { env, input });
  };
  /** Returns its output. */
  const expects = async (code: number, command: string, ...rest: readonly (string | { readonly input: string })[]) => {
    const { exitCode, stdout, stderr } = await run(command, ...rest);
    if (exitCode !== code) throw new Error(`${command} ended with ${exitCode}: ${stdout}${stderr}`);
    return stdout;
  };
  const status = async () => JSON.parse((await run('status', '--json')).stdout) as StatusReport;
  const pidOf = async (part: Part) => (await status()).processes.find(({ role }) => role === part)?.pid;
  const members = async () => (await readRows()).filter(({ dataDirMark }) => dataDirMark === dataDir);
  const areGone = async (rows: readonly ProcessRow[]) => {
    const alive = new Set((await readRows()).map(identityKey));
    return rows.every((row) => !alive.has(identityKey(row)));
  };
  const killed = new Map<Part, number | undefined>();
  const hit = async (part: Part, signal: 'SIGKILL' | 'SIGSTOP') => {
    const pid = await pidOf(part);
    const row = (await readRows()).find((each) => each.pid === pid);
    killed.set(part, pid);
    const bound = (await loadPlatform()).signaller.bind(row!, { compareCommand: false });
    if (typeof bound === 'string') throw new Error(bound);
    expect(bound.signal(signal)).toBe('sent');
    bound.close();
  };
  onTestFinished(async () => {
    await run('stop');
    expect(await members()).toEqual([]);
  });
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const socketPath = findWorkerSocket(dataDir, namedPipes);
    const token = readToken(dataDir);
    const asked = { socketPath, pipes: namedPipes, method, path, body, token, withinMs: 30_000 };
    return (await askSocket(asked)).status;
  };
  return {
    ...{ folder, dataDir, env, run, expects, status, members, areGone, hit, ask },
    kill: (part: Part) => hit(part, 'SIGKILL'),
    untilReplaced: (part: Part) =>
      eventually(
        `another ${part} runs`,
        async () => {
          const pid = await pidOf(part);
          return pid !== undefined && pid !== killed.get(part) && (await status()).state === 'running';
        },
        SOON,
      ),
    /** Returns its uvx and python. */
    startChroma: async () => {
      await ask('POST', '/api/sessions', { project: 'p', prompt: 'x' });
      return eventually(
        'uvx and python run',
        async () => {
          const found = (await members()).filter(({ name }) => /^(?:uvx|python)\.exe$/i.test(name));
          return found.length === 2 && found;
        },
        SOON,
      );
    },
  };
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else {
      child.once('exit', () => {
        resolve();
      });
    }
  });
}
