import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { identify, isAlive, signalIfSame, type Identity } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { CLI, cleanEnvironment } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { kill, TestTree } from '../process/tree-harness.ts';
import { KEYWORD } from '../process/tree-scenes.ts';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

/** A shell in a tmux window of its own. */
class Terminal {
  readonly #env: NodeJS.ProcessEnv;
  readonly #server: Identity;

  constructor(home: string, env: Readonly<Record<string, string | undefined>> = {}) {
    const own = { NO_COLOR: undefined, SHELL: '/bin/sh', TERM: 'xterm-256color', TMUX_TMPDIR: tempDir(), ...env };
    this.#env = cleanEnvironment({ home, env: own });
    this.#run('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', 'bash --norc');
    this.#server = identify(Number(this.#run('display-message', '-p', '#{pid}')))!;
    onTestFinished(() => this.#end());
  }

  /** The program, in this terminal. */
  async open(...args: readonly string[]): Promise<void> {
    this.type(`'${process.execPath}' '${CLI}' ${args.join(' ')}; echo "status=$?."`, 'Enter');
    await this.shows('? help');
  }

  type(...keys: readonly string[]): void {
    this.#run('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  picture(): string {
    return this.#run('capture-pane', '-p');
  }

  async shows(expected: string | RegExp): Promise<void> {
    const isShown = () => {
      const picture = this.picture();
      return typeof expected === 'string' ? picture.includes(expected) : expected.test(picture);
    };
    await eventually(`the terminal shows ${String(expected)}`, isShown, {
      withinMs: 40_000,
      dump: () => this.picture(),
    });
  }

  #run(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', 'test', ...args], { encoding: 'utf8', env: this.#env }).trimEnd();
  }

  async #end(): Promise<void> {
    spawnSync('tmux', ['-L', 'test', 'kill-server'], { env: this.#env });
    signalIfSame(this.#server, 'SIGKILL');
    await eventually('tmux is gone', () => !isAlive(this.#server));
  }
}

async function monitOf(...args: readonly string[]): Promise<{ tree: TestTree; terminal: Terminal }> {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  const terminal = new Terminal(tree.home, tree.env({ CLAUDE_MEM_CHROMA_ENABLED: 'false' }));
  await terminal.open('monit', '--interval', '200ms', ...args);
  return { tree, terminal };
}

describe.skipIf(!hasTmux)('monit on a running tree', () => {
  test('shows the tree, follows the log of the selected process, and fits every size', async () => {
    const { terminal } = await monitOf();
    await terminal.shows(/▸ supervisor +\d+ .* \d+\.\d % /);
    await terminal.shows('worker spawned');
    terminal.type('End');
    await terminal.shows(/▸ +└─ search/);
    terminal.type('Home', 'Down');
    await terminal.shows('LOG worker');
    terminal.type('l');
    await terminal.shows('q back');
    terminal.type('q');
    for (const [columns, rows] of [
      [44, 12],
      [20, 5],
      [130, 40],
    ] as const) {
      terminal.resize(columns, rows);
      await terminal.shows(/^claude-mem is [^]*q quit/);
      const lines = terminal.picture().split('\n');
      expect(lines.length).toBeLessThanOrEqual(rows);
    }
    terminal.type('q');
    await terminal.shows('status=0.');
  });

  test('Ctrl-Z gives the terminal to the shell, and fg returns', async () => {
    const { terminal } = await monitOf();
    terminal.type('C-z');
    await terminal.shows('Stopped');
    terminal.type('echo in-the-shell', 'Enter');
    await terminal.shows(/^in-the-shell$/m);
    terminal.type('fg', 'Enter');
    await terminal.shows(/▸ supervisor/);
    terminal.type('q');
    await terminal.shows('in-the-shell');
    terminal.type('echo "then=$?."', 'Enter');
    await terminal.shows('then=0.');
  });

  test('shows that the tree is killed, lists what is left, and Ctrl-R starts a new one', async () => {
    const { tree, terminal } = await monitOf();
    const supervisor = tree.members().find(({ role }) => role === 'supervisor')!;
    for (const member of tree.members()) kill(member);
    await terminal.shows('No tree runs.');
    terminal.type('C-r');
    await terminal.shows('No tree runs. Start one');
    terminal.type('y');
    await terminal.shows('Press any key to return');
    terminal.type('x');
    await terminal.shows(/▸ supervisor/);
    expect(isAlive(supervisor)).toBe(false);
    terminal.type('C-r');
    await terminal.shows('Stop the tree and start a new one');
    const before = tree.members();
    terminal.type('y');
    await terminal.shows(/start a new one[^]*Press any key to return/);
    expect(before.filter(isAlive)).toEqual([]);
    terminal.type('q');
    await terminal.shows('status=0.');
    expect(tree.roles()).toEqual(['search', 'supervisor', 'worker']);
  });

  test('a frozen supervisor delays neither a key nor the end', async () => {
    const { tree, terminal } = await monitOf();
    const supervisor = tree.members().find(({ role }) => role === 'supervisor')!;
    signalIfSame(supervisor, 'SIGSTOP');
    try {
      await terminal.shows('not answering');
      terminal.type('End');
      await terminal.shows(/▸ +└─ search/);
      terminal.type('q');
      await terminal.shows('status=0.');
    } finally {
      signalIfSame(supervisor, 'SIGCONT');
    }
  });

  test('a log that is a link is not followed, and a data dir that disappears is reported', async () => {
    const { tree, terminal } = await monitOf();
    terminal.type('End');
    await terminal.shows('LOG search-server');
    const secret = join(tempDir(), 'secret');
    writeFileSync(secret, 'the secret\n');
    rmSync(join(tree.dataDir, 'logs', 'worker.log'), { force: true });
    mkdirSync(join(tree.dataDir, 'logs'), { recursive: true });
    symlinkSync(secret, join(tree.dataDir, 'logs', 'worker.log'));
    terminal.type('Up');
    await terminal.shows('LOG worker');
    await terminal.shows('worker.log');
    expect(terminal.picture()).not.toContain('the secret');
    rmSync(tree.dataDir, { recursive: true });
    await terminal.shows(/not answering|not running|Reading failed/);
    terminal.type('q');
    await terminal.shows('status=0.');
  });
});
