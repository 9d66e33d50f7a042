import { describe, expect, test } from 'vitest';
import {
  dataDirArgument,
  entryScriptRole,
  isCandidateName,
  isChromaOfDataDir,
  isChromaProgram,
  isChromaWrapper,
  isClaudeMemScript,
} from '../../src/core/role-program.ts';
import type { ProcessRow } from '../../src/core/snapshot.ts';
import { asPsListShows, CHROMA, DATA_DIR, HIDDEN_MARKS, PYTHON, row } from './builders.ts';

const WITH = '--with onnxruntime>=1.20 --with protobuf<7 --from chroma-mcp==0.2.6';
const on = (command: string, extra: Partial<ProcessRow> = {}) => row(100, 1, command, extra);
const isOurs = (candidate: ProcessRow, dataDir = DATA_DIR, platform = 'linux') =>
  isChromaOfDataDir(candidate, dataDir, platform);

describe('the command lines of every era', () => {
  test.each([
    [
      '2025, vector-db',
      `uv tool uvx --python 3.13 chroma-mcp --client-type persistent --data-dir ${DATA_DIR}/vector-db`,
    ],
    ['early 2026, pinned', `uv tool uvx --python 3.13 chroma-mcp==0.2.6 ${CHROMA}`],
    ['mid 2026, --from', `uv tool uvx --python 3.13 ${WITH} chroma-mcp ${CHROMA}`],
    ['ours', `uvx --offline --constraints f --from chroma-mcp==0.2.6 chroma-mcp --data-dir ${DATA_DIR}/vectors`],
    ['by full path', `/home/u/.local/bin/uv tool uvx chroma-mcp ${CHROMA}`],
    ['--data-dir=X', `uvx chroma-mcp --data-dir=${DATA_DIR}/chroma`],
    ['a trailing slash', `uvx chroma-mcp --data-dir ${DATA_DIR}/chroma/`],
    ['an extra', `uvx chroma-mcp[all]>=0.2 ${CHROMA}`],
    ['a version by @', `uvx chroma-mcp@latest ${CHROMA}`],
  ])('wrapper: %s', (_era, command) => {
    for (const shown of [on(command), asPsListShows(on(command))]) {
      expect(isOurs(shown)).toBe(true);
      expect(isChromaWrapper(shown)).toBe(true);
    }
  });

  test.each([
    ['under uv', `${PYTHON} ${CHROMA}`, 'python'],
    ['a versioned interpreter', `/x/bin/python3.13 /x/bin/chroma-mcp ${CHROMA}`, 'python3.13'],
    ['a relative script', `python chroma-mcp ${CHROMA}`, 'python'],
    ['a module', `python3 -u -m chroma_mcp.server ${CHROMA}`, 'python3'],
    ['options before the script', `python -X dev -W ignore /x/bin/chroma-mcp ${CHROMA}`, 'python'],
    ['macOS, renamed', `/opt/Python.framework/MacOS/Python (chroma-mcp) ${CHROMA}`, 'Python'],
    ['named after its script', `/x/bin/chroma-mcp ${CHROMA}`, 'chroma-mcp'],
  ])('python: %s', (_which, command, name) => {
    for (const shown of [on(command, { name }), asPsListShows(on(command, { name }))]) {
      expect(isOurs(shown)).toBe(true);
      expect(isChromaWrapper(shown)).toBe(false);
    }
  });

  const windows = 'C:\\Users\\U\\.claude-mem';
  test.each([
    ['uvx.exe', ['C:\\bin\\uvx.exe', 'chroma-mcp', '--data-dir', `${windows}\\chroma`], true],
    ['uv.exe', ['C:\\bin\\uv.exe', 'tool', 'uvx', 'chroma-mcp==0.2.6', '--data-dir', `${windows}\\chroma`], true],
    ['chroma-mcp.exe', ['C:\\x\\Scripts\\chroma-mcp.exe', '--data-dir', 'c:/users/u/.claude-mem/vector-db/'], false],
    ['python.exe', ['C:\\x\\python.exe', 'C:\\x\\Scripts\\chroma-mcp.exe', `--data-dir=${windows}\\chroma`], false],
  ])('the Windows chain: %s', (name, argv, isWrapper) => {
    const shown = { ...on(argv.join(' ')), name, argv };
    expect(isOurs(shown, windows, 'win32')).toBe(true);
    expect(isChromaWrapper(shown)).toBe(isWrapper);
    expect(
      isOurs({ ...shown, argv: argv.map((part) => part.replace('.claude-mem', '.claude')) }, windows, 'win32'),
    ).toBe(false);
  });
});

describe('mentioning the words makes no chroma-mcp', () => {
  test.each([
    `vim ${DATA_DIR}/chroma/chroma-mcp --data-dir ${DATA_DIR}/chroma`,
    `grep -r chroma-mcp --data-dir ${DATA_DIR}/chroma`,
    `tail -f chroma-mcp --data-dir ${DATA_DIR}/chroma`,
    `rsync -a chroma-mcp --data-dir ${DATA_DIR}/chroma remote:`,
    `bash -c uvx chroma-mcp ${CHROMA}`,
    `pkill -f chroma-mcp ${CHROMA}`,
    `node index.js chroma-mcp ${CHROMA}`,
    `python backup.py chroma-mcp ${CHROMA}`,
    `python -m http.server chroma-mcp ${CHROMA}`,
    `python -c import(x) chroma-mcp ${CHROMA}`,
    `python my-chroma-mcp ${CHROMA}`,
    `uv tool uvx not-chroma-mcp ${CHROMA}`,
    `uv tool uvx chroma-mcp-proxy ${CHROMA}`,
    `uvicorn chroma-mcp ${CHROMA}`,
    `claude --resume chroma-mcp ${CHROMA}`,
  ])('%s', (command) => {
    expect(isChromaProgram(on(command))).toBe(false);
    expect(isChromaProgram(asPsListShows(on(command)))).toBe(false);
  });
});

describe('--data-dir compares as a whole value', () => {
  test.each([
    `${DATA_DIR}/chroma-backup`,
    `${DATA_DIR}/chroma2`,
    `${DATA_DIR}/chrom`,
    `${DATA_DIR}/chroma/sub`,
    DATA_DIR,
    `/mnt${DATA_DIR}/chroma`,
    '/home/v/.claude-mem/chroma',
    '/elsewhere/claude-desktop-chroma',
    'chroma',
    '',
  ])('%j is none of ours', (value) => {
    expect(isOurs(on(`uvx chroma-mcp --data-dir ${value}`))).toBe(false);
    expect(isOurs(on(`uvx chroma-mcp --data-dir=${value}`))).toBe(false);
    expect(isOurs(asPsListShows(on(`uvx chroma-mcp --data-dir ${value}`)))).toBe(false);
  });

  test('of several the last counts, as for the program itself', () => {
    const twice = on(`uvx chroma-mcp --data-dir ${DATA_DIR}/chroma --data-dir=/elsewhere/chroma`);
    expect(dataDirArgument(twice)).toBe('/elsewhere/chroma');
    expect(dataDirArgument(asPsListShows(twice))).toBe('/elsewhere/chroma');
  });

  test('an option that only begins so is another one', () => {
    expect(dataDirArgument(on(`uvx chroma-mcp --data-directory ${DATA_DIR}/chroma`))).toBeUndefined();
    expect(dataDirArgument(asPsListShows(on(`uvx x --data-directory ${DATA_DIR}/chroma`)))).toBeUndefined();
  });

  test('a path with spaces is read from a command line that is one string', () => {
    const command = `uvx chroma-mcp --data-dir /Users/J Doe/.claude-mem/chroma --client-type persistent`;
    expect(dataDirArgument({ command })).toBe('/Users/J Doe/.claude-mem/chroma');
    expect(dataDirArgument({ command: `x --data-dir "/Users/J Doe/chroma" y` })).toBe('/Users/J Doe/chroma');
  });

  test('what the reader resolved counts as well', () => {
    const linked = on('uvx chroma-mcp --data-dir /mnt/link', { roleDirectory: `${DATA_DIR}/vectors` });
    expect(isOurs(linked)).toBe(true);
    expect(isOurs({ ...linked, roleDirectory: '/mnt/real' })).toBe(false);
  });
});

describe('our own entry scripts', () => {
  test.each([
    ['worker', 'node /opt/a/dist/worker.js', 'worker'],
    ['worker', '/usr/bin/node --enable-source-maps /moved/by/an/upgrade/worker.js --port 1', 'worker'],
    ['search', 'node /opt/a/search-server.js', 'search'],
    ['supervisor', 'node /opt/a/supervisor.js', 'supervisor'],
    ['supervisor', 'node /opt/a/worker.js', undefined],
    ['chroma-sync', 'node /opt/a/worker.js', undefined],
    ['worker', 'node other.js /opt/a/worker.js', undefined],
    ['worker', 'vim', undefined],
    [null, 'node /opt/a/worker.js', undefined],
  ])('role mark %j and %s: %s', (roleMark, command, role) => {
    expect(entryScriptRole(on(command, { roleMark }))).toBe(role);
  });
});

describe('what is taken for a claude-mem process when that lets something live', () => {
  test.each([
    ['the plugin’s worker', on('bun /x/worker-service.cjs --daemon'), true],
    ['the plugin’s MCP server', on('node /x/mcp-server.cjs'), true],
    ['bun on Windows', on('C:\\bun.exe C:\\x\\worker-service.cjs', { name: 'bun.exe' }), true],
    ['our worker by role mark', on('node /x/worker.js', { roleMark: 'worker' }), true],
    ['our worker with a hidden environment', on('node /x/worker.js', HIDDEN_MARKS), true],
    ['our search server, its environment not read', on('node /x/search-server.js'), true],
    ['another worker.js, inside a tree', on('node /x/worker.js', { roleMark: 'chroma-sync' }), false],
    ['an editor on the script', on('vim /x/worker-service.cjs'), false],
    ['another node', on('node /x/server.js'), false],
  ])('%s', (_which, candidate, expected) => {
    expect(isClaudeMemScript(candidate)).toBe(expected);
  });
});

test.each([
  ...[
    'uv',
    'uvx',
    'uvx.exe',
    'python',
    'python3.13',
    'Python',
    'chroma-mcp',
    'node',
    'bun',
    'MainThread',
    'setpriv',
    'node /srv/worke',
  ],
])('a process called %s may run a role', (name) => {
  expect(isCandidateName(name)).toBe(true);
});

test.each(['bash', 'systemd', 'vim', 'rsync', 'uvicorn', '', 'kworker/0:1'])('one called %j may not', (name) => {
  expect(isCandidateName(name)).toBe(false);
});
