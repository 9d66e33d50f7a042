import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { HOOK_SCRIPT, parseInputName } from '../../../src/core/hooks/hook-script.ts';
import { quoteShell } from '../../../src/core/text/quote-shell.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import type { Shell } from './shells.ts';

interface Run {
  readonly stdin?: string;
  /** Appended to the command. */
  readonly redirections?: string;
  /** Before the command. */
  readonly first?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A data dir with the script. */
export function hookPlace(shell: Shell, dataDir = join(tempDir(), 'data')) {
  const script = join(dataDir, 'bin', 'hook');
  const spool = join(dataDir, 'spool');
  mkdirSync(dirname(script), { recursive: true });
  writeFileSync(script, HOOK_SCRIPT.replace('#!/bin/sh', shell.shebang));
  chmodSync(script, 0o700);
  return {
    ...{ dataDir, spool, script },
    run: ({ stdin = '{}', redirections = '', first = '', cwd = '/', env = {} }: Run = {}) => {
      const [program = '', ...words] = shell.argv;
      const command = `${first}${quoteShell([script, 'Stop', '--for=claude-code'])} ${redirections}`;
      const { status, signal, stdout, stderr } = spawnSync(program, [...words, command], {
        ...{ input: stdin, encoding: 'utf8', cwd, timeout: 30_000 },
        env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...env },
      });
      return { status, signal, stdout, stderr };
    },
    /** The complete inputs, in the order of their numbers. */
    inputs: () =>
      readdirSync(spool)
        .map((name) => ({ name, number: parseInputName(name)?.number }))
        .filter((entry): entry is { name: string; number: number } => entry.number !== undefined)
        .sort((left, right) => left.number - right.number)
        .map(({ name }) => readFileSync(join(spool, name), 'utf8')),
  };
}

export const STORED = { status: 0, signal: null, stdout: '', stderr: '' };
export const LOST = {
  ...{ status: 1, signal: null, stdout: '' },
  stderr: expect.stringMatching(/^claude-mem hook: this event is lost: [^\n]+\n$/) as string,
};
