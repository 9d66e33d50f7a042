import { spawnSync } from 'node:child_process';
import { accessSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { cleanEnvironment, WATCHDOG_SECONDS, type Children } from '../contract/children.ts';
import { firstLine, linuxTest, PYTHON, split } from './linux-places.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/long-memory.py', import.meta.url));

/** Target size of a command line or environment: more than a V8 string can contain if each byte becomes an argument. */
const LONG_BYTES = 256 * 1024 * 1024;

/**
 * Users only for these tests: their processes are unreadable even to themselves, while other tests that read the
 * machine meanwhile, as root or as `nobody`, expect to read everything of their own users.
 */
export const USER = 64_123;
export const OTHER_USER = 64_124;

export interface LongMemory {
  readonly which: 'cmdline' | 'environ';
  /** A user id; default: the one that runs the test. */
  readonly uid?: number;
  readonly name?: string;
  /** The first bytes; `|` stands for NUL. */
  readonly beginning?: string;
  readonly bytes?: number;
}

/** Runs as that user, without root's groups. */
export function asUser(uid: number): readonly string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

/** Starts a process with a command line or environment of 256 MB. */
export async function startLongMemory(children: Children, options: LongMemory): Promise<number> {
  const { which, uid, name = 'uvx', beginning = 'uvx|', bytes = LONG_BYTES } = options;
  const program = [PYTHON!, FIXTURE, which, String(bytes), name, String(WATCHDOG_SECONDS), beginning];
  const child = children.start(...split([...(uid === undefined ? [] : asUser(uid)), ...program]), {
    env: cleanEnvironment(),
  });
  const said = await firstLine(child);
  if (said !== 'ready') throw new Error(`the fixture says ${said}`);
  return child.pid;
}

const reason = whyNot();

/** A test that needs a python with permission to move its command line, and two more users. */
export const longMemoryTest = (title: string, body: () => Promise<void>): void => {
  if (reason === undefined) linuxTest(title, body);
  else test.skip(`${title} (needs ${reason})`, body);
};

function whyNot(): string | undefined {
  if (PYTHON === undefined) return 'python3';
  if (process.getuid?.() !== 0) return 'root';
  const canRead = `import os; os.stat(${JSON.stringify(FIXTURE)}); os.access(${JSON.stringify(process.execPath)}, os.X_OK) or 1/0`;
  if (spawnSync(...split([...asUser(USER), PYTHON, '-c', canRead]), { stdio: 'ignore' }).status !== 0)
    return 'setpriv and a checkout others can read';
  const tried = spawnSync(PYTHON, [FIXTURE, 'cmdline', String(1 << 20), 'uvx', '0'], { encoding: 'utf8' });
  return tried.stdout.trim() === 'ready' ? undefined : 'a kernel with PR_SET_MM_MAP';
}

accessSync(FIXTURE);
