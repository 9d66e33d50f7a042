// These tests run real shells and check the offered completions, not the script.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { cliWiring } from '../../src/wiring/cli.ts';
import { CHECKS } from '../../src/operations/doctor/checks/index.ts';
import { SCENARIOS } from '../../src/operations/verify/scenarios.ts';
import { CLI, runCli, runInTerminal, runProgram } from '../helpers/run-cli.ts';
import { tempDir, useTempDir } from '../helpers/temp-dir.ts';
import { aHome, orphans } from './scene.ts';

const CHECK_IDS = CHECKS.map(({ id }) => id);

const COMMANDS = [...(await createProgram(cliWiring)).commands.map((command) => command.name()), 'help'].sort();

const home = useTempDir('suite');
const scriptOf = (shell: string): string => join(home(), `completion.${shell}`);

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout, status } = await runCli(['completion', shell], { home: home() });
    expect(status).toBe(0);
    writeFileSync(scriptOf(shell), stdout);
  }
  mkdirSync(join(home(), 'bin'));
  const program = `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`;
  writeFileSync(join(home(), 'bin', 'claude-mem'), program, { mode: 0o755 });
  mkdirSync(join(home(), 'folder one'));
  writeFileSync(join(home(), 'file-one.json'), '');
});

function missing(shell: string): string | undefined {
  return spawnSync(shell, ['--version']).error === undefined ? undefined : `${shell} is not installed`;
}

/** The completions for the last word of a line. */
type Offer = (...words: readonly string[]) => Promise<readonly string[]>;

/** `claude-mem` is on the PATH, and finds the leaks of the data dir that a test set. */
function options() {
  return { home: home(), env: { PATH: `${home()}/bin:${process.env.PATH}`, CLAUDE_MEM_DATA_DIR: leaking } };
}

let leaking: string | undefined;

async function offeredByBash(...words: readonly string[]): Promise<readonly string[]> {
  const script =
    'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _claude_mem; printf "%s\\n" "${COMPREPLY[@]}"';
  const args = ['--norc', '-c', script, 'bash', scriptOf('bash'), 'claude-mem', ...words];
  const { stdout, stderr } = await runProgram('bash', args, options());
  expect(stderr).toBe('');
  return linesOf(stdout);
}

async function offeredByFish(...words: readonly string[]): Promise<readonly string[]> {
  const line = ['claude-mem', ...words].join(' ');
  const script = 'source $argv[1]; complete -C $argv[2]';
  const { stdout } = await runProgram('fish', ['-N', '-c', script, scriptOf('fish'), line], options());
  return linesOf(stdout).map((offer) => offer.split('\t')[0] ?? '');
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

const SHELLS: readonly (readonly [string, Offer])[] = [
  ['bash', offeredByBash],
  ['fish', offeredByFish],
];

describe.each(SHELLS)('%s', (shell, offered) => {
  const reason = missing(shell);
  const inShell = test.skipIf(reason !== undefined);
  const name = (text: string): string => (reason === undefined ? text : `${text} (${reason})`);

  inShell(name('offers every command, and the beginnings of them'), async () => {
    expect(await offered('')).toEqual(COMMANDS);
    expect(await offered('re')).toEqual(['reap', 'restart']);
  });

  inShell(name('offers roles, checks and shells in their places'), async () => {
    expect(await offered('logs', '')).toEqual(['guard', 'hook', 'search', 'supervisor', 'worker']);
    expect(await offered('logs', '-n', '5', 'w')).toEqual(['worker']);
    expect(await offered('doctor', '')).toEqual([...CHECK_IDS].sort());
    expect(await offered('doctor', 'uv', 'orph')).toEqual(['orphans']);
    expect(await offered('completion', '')).toEqual(['bash', 'fish', 'zsh']);
    expect(await offered('completion', 'bash', '')).toEqual([]);
  });

  inShell(name("offers a command's own options, and the choices of one"), async () => {
    expect(await offered('reap', '--inc')).toEqual(['--include']);
    expect(await offered('reap', '--include', '')).toEqual(['excess', 'observers']);
    expect(await offered('leaks', '--inc')).toEqual([]);
    expect(await offered('start', '--port', '')).toEqual([]);
  });

  inShell(name('offers the scenarios of verify and the events of hook'), async () => {
    expect(await offered('verify', '--scenario', '')).toEqual(SCENARIOS.map((scenario) => scenario.name).sort());
    expect(await offered('verify', '--scenario', 'dou')).toEqual(['double-start']);
    expect(await offered('hook', 'Session')).toEqual(['SessionEnd', 'SessionStart']);
  });

  inShell(name('offers programs, then files after verify --, and no options of verify'), async () => {
    expect(await offered('verify', '--', 'mkf')).toContain('mkfifo');
    expect(await offered('verify', '--reap', '--', 'cat', join(home(), 'fil'))).toEqual([
      join(home(), 'file-one.json'),
    ]);
    expect(await offered('verify', '--', 'cat', '--scen')).toEqual([]);
    expect(await offered('verify', '--scen')).toEqual(['--scenario']);
  });

  inShell(name('offers the pids of leaked processes to reap --pid, as often as wanted'), async () => {
    const { dataDir } = aHome();
    const { pairs } = await orphans(dataDir);
    const pids = [String(pairs[0]!.wrapper.pid), String(pairs[0]!.python.pid)].sort();
    leaking = dataDir;
    onTestFinished(() => {
      leaking = undefined;
    });
    expect(await offered('reap', '--pid', '')).toEqual(pids);
    expect(await offered('reap', '--pid', pids[0]!, '')).toEqual(pids);
    expect(await offered('reap', '--pid', pids[0]!, '--dry')).toEqual(['--dry-run']);
    expect(await offered('reap', '')).toEqual([]);
  });

  inShell(name('offers files and folders where they are meant'), async () => {
    expect(await offered('leaks', '--from', join(home(), 'fil'))).toEqual([join(home(), 'file-one.json')]);
    expect(await offered('snapshot', join(home(), 'fil'))).toEqual([join(home(), 'file-one.json')]);
    expect(await offered('logs', join(home(), 'fil'))).toEqual([]);
  });
});

test.skipIf(missing('bash') !== undefined)('bash offers folders alone for --data-dir', async () => {
  expect(await offeredByBash('leaks', '--data-dir', join(home(), 'f'))).toEqual([join(home(), 'folder one')]);
});

/** Types a line at a prompt, and returns the line after completion. */
const TYPED: readonly (readonly [string, string])[] = [
  ['claude-mem rest\t', 'claude-mem restart'],
  ['claude-mem logs wo\t', 'claude-mem logs worker'],
  ['claude-mem doctor uv orph\t', 'claude-mem doctor uv orphans'],
  ['claude-mem reap --inc\t', 'claude-mem reap --include'],
  ['claude-mem reap --include e\t', 'claude-mem reap --include excess'],
  ['claude-mem completion f\t', 'claude-mem completion fish'],
  ['claude-mem leaks --from fil\t', 'claude-mem leaks --from file-one.json'],
  ['claude-mem verify --scenario dou\t', 'claude-mem verify --scenario double-start'],
  ['claude-mem hook SessionS\t', 'claude-mem hook SessionStart'],
  ['claude-mem verify -- cat fil\t', 'claude-mem verify -- cat file-one.json'],
  ['claude-mem verify --reap -- mkfi\t', 'claude-mem verify --reap -- mkfifo'],
];

describe.each([
  ['bash', ['--norc', '--noprofile', '-i'], (script: string) => `source ${script}`],
  ['zsh', ['-f', '-i'], (script: string) => `autoload -U compinit && compinit -u -D && source ${script}`],
  [
    'zsh',
    ['-f', '-i'],
    (script: string) => `fpath=(${fpathWith(script)} $fpath); autoload -U compinit && compinit -u -D`,
  ],
])('%s at a prompt', (shell, args, setUp) => {
  const reason = missing(shell) ?? missing('script');

  test.skipIf(reason !== undefined)(
    `completes what is typed${reason === undefined ? '' : ` (${reason})`}`,
    async () => {
      const env = { PS1: 'ready> ', TERM: 'dumb', HISTFILE: undefined };
      const session = runInTerminal(shell, args, { home: home(), env, columns: 200 });
      session.type(`PS1='now> '; ${setUp(scriptOf(shell))} && echo set''-up\r`);
      await session.waitFor('set-up');
      for (const [keys, expected] of TYPED) {
        session.type(`\x15${keys}`);
        await session.waitFor(expected);
      }
      session.type('\x15exit\r');
      expect((await session.ended).status).toBe(0);
    },
  );
});

/** Creates a folder with the script under the name that zsh expects. */
function fpathWith(script: string): string {
  const folder = tempDir();
  spawnSync('cp', [script, join(folder, '_claude-mem')]);
  return folder;
}

test('completion rejects an unknown shell', async () => {
  const { status, stderr } = await runCli(['completion', 'tcsh'], { home: home() });
  expect([status, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish') as unknown]);
});

test('completion --json prints one document', async () => {
  const { stdout } = await runCli(['completion', 'fish', '--json'], { home: home() });
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, command: 'completion', shell: 'fish' });
});
