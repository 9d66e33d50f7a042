import { describe, expect, test } from 'vitest';
import {
  dataDirArgument,
  entryScriptRole,
  hasCommandLine,
  isCandidateName,
  isChromaOfDataDir,
  isChromaProgram,
  isChromaWrapper,
  isClaudeMemScript,
  mayRunRole,
} from '../../../src/core/process/role-program.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { asPsListShows, CHROMA, DATA_DIR, HIDDEN_MARKS, PYTHON, row, without } from '../builders.ts';

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

  test.each([
    ['NixOS uv', `/run/current-system/sw/bin/uv tool uvx chroma-mcp ${CHROMA}`, '.uv-wrapped'],
    ['NixOS uvx', `/run/current-system/sw/bin/uvx chroma-mcp ${CHROMA}`, '.uvx-wrapped'],
    ['uv run, a module', `uv run python -m chroma_mcp ${CHROMA}`, 'uv'],
    ['uv run -m', `uv run -m chroma_mcp.server ${CHROMA}`, 'uv'],
    ['uv run -mMODULE', `uv run -mchroma_mcp ${CHROMA}`, 'uv'],
    ['uv run, a script', `uv run --directory /src/chroma-mcp src/chroma_mcp/server.py ${CHROMA}`, 'uv'],
    ['uv run, the command', `uv run --with chroma-mcp==0.2.6 --frozen chroma-mcp ${CHROMA}`, 'uv'],
    ['uv --offline run', `uv --offline run --isolated /x/.venv/bin/chroma-mcp ${CHROMA}`, 'uv'],
    ['uv tool run', `uv tool run --python 3.13 --from chroma-mcp==0.2.6 chroma-mcp ${CHROMA}`, 'uv'],
    ['an option of a later uv', `uvx --some-new-option value chroma-mcp==0.2.6 ${CHROMA}`, 'uvx'],
    ['another spelling of the package', `uvx --from chroma_mcp[x]==0.2 Chroma.MCP@0.2 ${CHROMA}`, 'uvx'],
    ['a repository', `uvx git+https://github.com/chroma-core/chroma-mcp ${CHROMA}`, 'uvx'],
    ['pipx run', `pipx run chroma-mcp ${CHROMA}`, 'pipx'],
    [
      'pipx run, its script',
      `/usr/bin/python3 /usr/bin/pipx run --spec chroma-mcp==0.2.6 chroma-mcp ${CHROMA}`,
      'pipx',
    ],
    ['pipx as a module', `python3 -m pipx run chroma-mcp ${CHROMA}`, 'python3'],
    ['uv as a module', `python3 -m uv tool run chroma-mcp ${CHROMA}`, 'python3'],
    ['under Rosetta', `/run/rosetta/rosetta /usr/bin/uv uv tool uvx chroma-mcp ${CHROMA}`, 'uv'],
    ['under Rosetta, named after it', `/run/rosetta/rosetta /usr/bin/uv uv tool uvx chroma-mcp ${CHROMA}`, 'rosetta'],
    ['under qemu', `/usr/bin/qemu-aarch64-static /usr/bin/uvx chroma-mcp ${CHROMA}`, 'qemu-aarch64-st'],
  ])('wrapper by another name: %s', (_which, command, name) => {
    for (const shown of [on(command, { name }), asPsListShows(on(command, { name }))]) {
      expect(isCandidateName(name)).toBe(true);
      expect(isOurs(shown)).toBe(true);
      expect(isChromaWrapper(shown)).toBe(true);
    }
  });

  test.each([
    ['NixOS, its interpreter', `${PYTHON} ${CHROMA}`, '.python3-wrapped'],
    ['NixOS, a versioned interpreter', `${PYTHON} ${CHROMA}`, '.python3.13-wra'],
    ['NixOS, its script', `/nix/store/x/bin/python3 /nix/store/x/bin/chroma-mcp ${CHROMA}`, '.chroma-mcp-wra'],
    ['NixOS, wrapped twice', `${PYTHON} ${CHROMA}`, '.python3-wrapped_'],
    ['-mMODULE', `python3 -mchroma_mcp ${CHROMA}`, 'python3'],
    ['-m behind other short options', `python3 -uIm chroma_mcp ${CHROMA}`, 'python3'],
    ['-X with its value attached', `python3 -Xdev -m chroma_mcp.__main__ ${CHROMA}`, 'python3'],
    ['a module’s file', `python3 /x/lib/python3.13/site-packages/chroma_mcp/server.py ${CHROMA}`, 'python3'],
    ['a module’s folder', `python3.13t /x/site-packages/chroma_mcp ${CHROMA}`, 'python3.13t'],
    ['PyPy', `pypy3.10 -m chroma_mcp ${CHROMA}`, 'pypy3.10'],
    ['under Rosetta', `/run/rosetta/rosetta /x/bin/python3.13 /x/bin/python /x/bin/chroma-mcp ${CHROMA}`, 'python3.13'],
    ['under qemu', `/usr/bin/qemu-x86_64 -0 python /x/bin/python /x/bin/chroma-mcp ${CHROMA}`, 'qemu-x86_64'],
    ['through the loader', `/lib64/ld-linux-x86-64.so.2 /x/bin/python3 -m chroma_mcp ${CHROMA}`, 'ld-linux-x86-64'],
    ['its executable replaced', `${PYTHON} ${CHROMA}`, 'python3'],
  ])('python by another name: %s', (_which, command, name) => {
    for (const shown of [on(command, { name }), asPsListShows(on(command, { name }))]) {
      expect(isCandidateName(name)).toBe(true);
      expect(isOurs(shown)).toBe(true);
      expect(isChromaWrapper(shown)).toBe(false);
    }
  });

  const support = '/Users/me/Library/Application Support/uv';
  test.each([
    [
      'both parts',
      `${support}/python/bin/python3.13 ${support}/archive-v0/x/bin/chroma-mcp ${CHROMA}`,
      'python3.13',
      false,
    ],
    ['its script', `/opt/bin/python3.13 ${support}/archive-v0/x/bin/chroma-mcp ${CHROMA}`, 'python3.13', false],
    ['its interpreter, a module', `${support}/python/bin/python3.13 -m chroma_mcp ${CHROMA}`, 'python3.13', false],
    ['its module’s file', `${support}/bin/python3 ${support}/lib/chroma_mcp/server.py ${CHROMA}`, 'python3', false],
    [
      'uv',
      `/Users/J Doe/My Tools/uv tool uvx --constraints /Users/J Doe/a.txt chroma-mcp==0.2.6 ${CHROMA}`,
      'uv',
      true,
    ],
    ['uv, its name not known', `/Users/J Doe/.local/bin/uv tool uvx chroma-mcp ${CHROMA}`, '', true],
    ['macOS, renamed', `${support}/Python.framework/MacOS/Python (chroma-mcp) ${CHROMA}`, 'Python', false],
  ])('a path with blanks that ps shows unquoted: %s', (_which, command, name, isWrapper) => {
    const shown = without(on(command, { name }), 'argv');
    expect(isOurs(shown)).toBe(true);
    expect(isChromaWrapper(shown)).toBe(isWrapper);
  });

  test('the executable that the reader knows is the first word of a text', () => {
    const executable = '/Users/J Doe/an odd -name/python';
    const shown = without(on(`${executable} -m chroma_mcp ${CHROMA}`, { name: 'x', executable }), 'argv');
    expect(isOurs(shown)).toBe(true);
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
    `sh -c uvx chroma-mcp ${CHROMA}`,
    `uv run backup.py chroma-mcp ${CHROMA}`,
    `uv run python backup.py chroma-mcp ${CHROMA}`,
    `uv run --with chroma-mcp pytest chroma-mcp ${CHROMA}`.replace(' chroma-mcp --client', ' --client'),
    `uv tool install chroma-mcp ${CHROMA}`,
    `uv pip install chroma-mcp ${CHROMA}`,
    `uv add chroma-mcp ${CHROMA}`,
    `uvx ruff check chroma_mcp/server.py`,
    `uv run ruff check src/chroma_mcp/server.py ${CHROMA}`,
    `pipx install chroma-mcp ${CHROMA}`,
    `pipx run black chroma_mcp/server.py ${CHROMA}`,
    `python -m pip install chroma-mcp ${CHROMA}`,
    `python -m pdb chroma_mcp ${CHROMA}`,
    `python -m pytest chroma_mcp/server.py ${CHROMA}`,
    `python -uc import chroma_mcp ${CHROMA}`,
    `python /opt/backup.py /x/bin/chroma-mcp ${CHROMA}`,
    `python /opt/my_chroma_mcp/server.py ${CHROMA}`,
    `python /opt/chroma_mcp/other.py ${CHROMA}`,
    `qemu-system-x86_64 /usr/bin/uvx chroma-mcp ${CHROMA}`,
    `/usr/bin/qemu-x86_64 /usr/bin/vim chroma-mcp ${CHROMA}`,
    `.vim-wrapped chroma-mcp ${CHROMA}`,
    `cmd.exe /c type chroma-mcp ${CHROMA}`,
    `cmd.exe /k uvx chroma-mcp ${CHROMA}`,
    `less /Users/me/uv tool uvx chroma-mcp ${CHROMA}`,
  ])('%s', (command) => {
    expect(isChromaProgram(on(command))).toBe(false);
    expect(isChromaProgram(asPsListShows(on(command)))).toBe(false);
  });
});

describe('a command of uv, pipx or python is what it runs', () => {
  const words = (argv: readonly string[], name = argv[0]!) => ({ ...on(argv.join(' ')), name, argv });

  test.each([
    ['behind --', 'uv run -- chroma-mcp', true],
    ['behind -- of uvx', 'uvx --offline -- chroma-mcp', true],
    ['by uv x', 'uv x uvx chroma-mcp', true],
    ['a module by its long option', 'uv run --module chroma_mcp', true],
    ['a module behind a flag', 'uv run -q -m chroma_mcp --verbose', true],
    ['an executable of Windows', 'uvx chroma-mcp.exe', true],
    ['behind an option of python that takes a word', 'python --check-hash-based-pycs default -m chroma_mcp', false],
    ['behind long options of python', 'python --isolated --x /x/bin/chroma-mcp', false],
    ['behind flags of python', 'python -u -B /x/bin/chroma-mcp', false],
    ['behind an option with its value attached', 'python -Xdev -Wignore -mchroma_mcp', false],
  ])('chroma-mcp %s', (_how, command, isWrapper) => {
    expect([isChromaProgram(on(command)), isChromaWrapper(on(command))]).toEqual([true, isWrapper]);
  });

  test.each([
    'docker run chroma-mcp',
    'uv run pytest chroma-mcp',
    'uv run -q pytest chroma-mcp',
    'uv run -qv pytest chroma-mcp',
    'uv run --color=never pytest chroma-mcp',
    'uv run --some-new-flag backup.py chroma-mcp',
    'uv run -m pytest chroma-mcp',
    'uv run --module pytest chroma_mcp',
    'uv cache chroma-mcp',
    'uv tool chroma-mcp',
    'uv',
    'uvx --offline',
    'uvx --',
    'pipx chroma-mcp',
    'python - chroma-mcp',
    'python --check-hash-based-pycs default backup.py chroma-mcp',
    'python -W chroma-mcp',
    'python --version',
    'less /c uvx chroma-mcp',
    'less +x-m. chroma_mcp',
  ])('%s does not run chroma-mcp', (command) => {
    expect(isChromaProgram(on(command))).toBe(false);
  });

  test('a script path with spaces counts only below bin or Scripts', () => {
    expect(isChromaProgram(words(['python', '/opt/my tools/bin/chroma-mcp']))).toBe(true);
    expect(isChromaProgram(words(['python', '/opt/my tools/chroma-mcp']))).toBe(false);
    expect(isChromaProgram(words(['python', '/opt/bin/my tools/chroma-mcp']))).toBe(false);
  });

  test('a process named chroma-mcp is one, with any first word', () => {
    expect(isChromaProgram(words(['/opt/app', '--data-dir', '/x'], 'chroma-mcp'))).toBe(true);
  });

  test('the executable identifies a program with another name and first word', () => {
    const subject = words(['x', 'chroma-mcp'], 'x');
    expect(isChromaWrapper({ ...subject, executable: '/usr/bin/uvx' })).toBe(true);
    expect(isChromaProgram({ ...subject, executable: '/usr/bin/vim' })).toBe(false);
  });

  const shell = ['cmd.exe', '/d', '/s', '/c'];
  test.each<[string, readonly string[], boolean]>([
    ['quoted as a whole', [...shell, `"uvx chroma-mcp --data-dir C:\\x\\chroma"`], true],
    ['quoted in part', ['cmd.exe', '/C', '"C:\\My Tools\\uvx.exe" chroma-mcp'], true],
    ['a python', [...shell, 'python -m chroma_mcp'], true],
    ['not quoted', ['cmd.exe', '/c', 'uvx', 'chroma-mcp'], true],
    ['another command', [...shell, 'type chroma-mcp'], false],
    ['an option that only begins so', ['cmd.exe', '/code', 'uvx', 'chroma-mcp'], false],
    ['an option behind another word', ['cmd.exe', 'x/c', 'uvx', 'chroma-mcp'], false],
    ['nothing', ['cmd.exe'], false],
  ])('cmd.exe that runs %s is a wrapper of it: %s', (_what, argv, expected) => {
    expect(isChromaWrapper(words(argv))).toBe(expected);
    expect(isChromaProgram({ ...words(argv), command: '' })).toBe(expected);
    expect(isChromaProgram(without(words(argv), 'argv'))).toBe(expected);
  });

  test('a program under an emulator is recognized with and without its own first argument', () => {
    expect(isChromaWrapper(words(['/run/rosetta/rosetta', '/usr/bin/uvx', 'uvx', 'chroma-mcp']))).toBe(true);
    expect(isChromaWrapper(words(['/run/rosetta/rosetta', '/usr/bin/uvx', 'chroma-mcp']))).toBe(true);
    expect(isChromaProgram(words(['/run/rosetta/rosetta', '/usr/bin/vim', 'uvx', 'chroma-mcp']))).toBe(false);
    expect(isChromaProgram(words(['/run/rosetta/rosetta', '-x']))).toBe(false);
    expect(isChromaProgram(words(['/run/rosetta/rosetta']))).toBe(false);
  });

  test('a process with an empty argv is recognized by its command text', () => {
    const subject = { ...on(`uvx chroma-mcp ${CHROMA}`), argv: [] };
    expect([isOurs(subject), isChromaWrapper(subject)]).toEqual([true, true]);
  });

  test('only a chroma-mcp can work on a data dir', () => {
    expect(isOurs(on(`vim ${CHROMA}`))).toBe(false);
  });
});

describe('a command line in one text', () => {
  const text = (command: string, extra: Partial<ProcessRow> = {}) => without(on(command, extra), 'argv');

  test.each([
    ['blanks between its words', `uvx   chroma-mcp  ${CHROMA}`, { name: 'uvx' }],
    ['its program by name, with blanks in the folder', `/Users/J Doe/uvx chroma-mcp ${CHROMA}`, { name: 'uvx' }],
    ['a Windows path with blanks', `C:\\My Tools\\uvx chroma-mcp ${CHROMA}`, { name: 'uvx' }],
    ['an executable that is not its beginning', `uvx chroma-mcp ${CHROMA}`, { name: 'uvx', executable: '/x/uvx' }],
    ['an empty executable', `uvx chroma-mcp ${CHROMA}`, { name: 'uvx', executable: '' }],
    ['no name', `/opt/bin/uvx chroma-mcp ${CHROMA}`, { name: '' }],
  ])('a command line in one text is a chroma-mcp with %s', (_which, command, extra) => {
    expect(isOurs(text(command, extra))).toBe(true);
  });

  test.each([
    ['an argument that equals the program’s name', `/usr/bin/less /opt/uvx chroma-mcp ${CHROMA}`, { name: 'uvx2' }],
    [
      'an executable that is only a prefix of the first word',
      `/x/uvx-backup chroma-mcp ${CHROMA}`,
      { name: 'y', executable: '/x/uvx' },
    ],
    ['a program that only ends so', `/opt/my-uvx chroma-mcp ${CHROMA}`, { name: 'my-uvx' }],
  ])('a command line in one text is none with %s', (_which, command, extra) => {
    const shown = text(command, extra);
    expect(isChromaProgram({ ...shown, executable: undefined as never })).toBe(false);
  });

  test.each([
    ['--data-dir /a b -v', '/a b'],
    ['--data-dir /a b --x', '/a b'],
    ['--data-dir /a b  ', '/a b'],
    [`--data-dir '/a b' c`, '/a b'],
    [`--data-dir /a "b" c`, '/a "b" c'],
    ['--data-dir   /a', '/a'],
    ['--data-dir', undefined],
  ])('in %j the data dir is %j', (command, expected) => {
    expect(dataDirArgument({ command: `x ${command}` })).toBe(expected);
  });
});

describe('a process that was read in part may run a role', () => {
  const cut = { commandCut: true } as const;
  test.each<[string, Partial<ProcessRow>, string, boolean]>([
    ['a uv', cut, 'uv tool', true],
    ['a python whose executable is a node’s', { ...cut, executable: '/usr/bin/node' }, 'python x', true],
    ['a node whose script is not read', cut, 'node --x', true],
    ['a node whose script may go on', cut, 'node /srv/other.js', true],
    ['a node of ours, its environment cut', {}, 'node /opt/worker.js --port 1', true],
    ['a node with another script', cut, 'node /srv/other.js more', false],
    ['a whole node with another script', {}, 'node /srv/other.js', false],
    ['a node whose option only ends so', cut, 'node x- /opt/worker.js', false],
    ['an editor', cut, 'vim worker.js', false],
  ])('%s: %s %s → %s', (_which, extra, command, expected) => {
    expect(mayRunRole(on(command, extra))).toBe(expected);
  });
});

test('a process without a command line is not recognized', () => {
  expect(hasCommandLine({ command: '' })).toBe(false);
  expect(hasCommandLine({ command: '', argv: [] })).toBe(false);
  expect(hasCommandLine({ command: '', argv: ['x'] })).toBe(true);
  expect(hasCommandLine({ command: 'x' })).toBe(true);
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
  ])('%j is not a Chroma directory of this data dir', (value) => {
    expect(isOurs(on(`uvx chroma-mcp --data-dir ${value}`))).toBe(false);
    expect(isOurs(on(`uvx chroma-mcp --data-dir=${value}`))).toBe(false);
    expect(isOurs(asPsListShows(on(`uvx chroma-mcp --data-dir ${value}`)))).toBe(false);
  });

  test('the last of several --data-dir options counts', () => {
    const twice = on(`uvx chroma-mcp --data-dir ${DATA_DIR}/chroma --data-dir=/elsewhere/chroma`);
    expect(dataDirArgument(twice)).toBe('/elsewhere/chroma');
    expect(dataDirArgument(asPsListShows(twice))).toBe('/elsewhere/chroma');
  });

  test('an option that only starts with --data-dir is another one', () => {
    expect(dataDirArgument(on(`uvx chroma-mcp --data-directory ${DATA_DIR}/chroma`))).toBeUndefined();
    expect(dataDirArgument(asPsListShows(on(`uvx x --data-directory ${DATA_DIR}/chroma`)))).toBeUndefined();
  });

  test('a path with spaces is read from a command line in one string', () => {
    const command = `uvx chroma-mcp --data-dir /Users/J Doe/.claude-mem/chroma --client-type persistent`;
    expect(dataDirArgument({ command })).toBe('/Users/J Doe/.claude-mem/chroma');
    expect(dataDirArgument({ command: `x --data-dir "/Users/J Doe/chroma" y` })).toBe('/Users/J Doe/chroma');
  });

  test('the resolved directory counts', () => {
    const linked = on('uvx chroma-mcp --data-dir /mnt/link', { roleDirectory: `${DATA_DIR}/vectors` });
    expect(isOurs(linked)).toBe(true);
    expect(isOurs({ ...linked, roleDirectory: '/mnt/real' })).toBe(false);
  });

  test('the resolved directory takes precedence: in another container the same path is another directory', () => {
    const written = on(`uvx chroma-mcp --data-dir ${DATA_DIR}/vectors`);
    expect(isOurs(written)).toBe(true);
    expect(isOurs({ ...written, roleDirectory: `/proc/100/root${DATA_DIR}/vectors` })).toBe(false);
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

describe('claude-mem scripts that spare a process', () => {
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
    '.node-wrapped',
    '.bun-wrapped',
  ],
])('a process called %s may run a role', (name) => {
  expect(isCandidateName(name)).toBe(true);
});

test.each([
  'bash',
  'systemd',
  '.vim-wrapped',
  '.x-uv-wrapped',
  '.uv-unwrapped',
  '.uv-wrapped2',
  '.uv',
  '.uv-wra',
  '.uv-backup-dirs',
  'xuv-wrapped',
  '-wrapped',
  '.-wrapped',
  'qemu-system-x86',
  'qemu-img',
  'vim',
  'rsync',
  'uvicorn',
  '',
  'kworker/0:1',
])('a process called %j cannot run a role', (name) => {
  expect(isCandidateName(name)).toBe(false);
});

test('only ASCII letters have a case: a name with the Kelvin sign is another program, and an upper-case one is the same', () => {
  const run = (program: string) => isChromaProgram({ name: program, argv: [program, '-m', 'chroma_mcp'], command: '' });
  expect([run('python3'), run('PYTHON3'), run('python3\u212a')]).toEqual([true, true, false]);
  expect([isCandidateName('.python3.13-wrapped'), isCandidateName('.Python3.13-WRAPPED')]).toEqual([true, false]);
});
