import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createTempDir } from '../../helpers/temp-dir.ts';
import { afterAll } from 'vitest';

/** A shell as `/bin/sh` of some system. */
export interface Shell {
  readonly name: string;
  /** First line of a script that it runs. */
  readonly shebang: string;
  /** Runs a command as Claude Code does. */
  readonly argv: readonly string[];
  /** Why it cannot be tried. */
  readonly missing: string | undefined;
}

/** The shells that are `/bin/sh` somewhere: of Debian, of Fedora and macOS, of Alpine, and of older macOS. */
export function shellsOfSystems(): readonly Shell[] {
  const folder = createTempDir();
  afterAll(() => {
    folder.remove();
  });
  const asSh = (name: string) => {
    const path = pathOf(name);
    if (path === undefined) return undefined;
    mkdirSync(join(folder.path, name));
    symlinkSync(path, join(folder.path, name, 'sh'));
    return join(folder.path, name, 'sh');
  };
  const shell = (name: string, path: string | undefined, words: readonly string[] = []): Shell => ({
    ...{ name, shebang: ['#!', ...(path === undefined ? [] : [path]), ...words].join(' ').replace('#! ', '#!') },
    argv: [path ?? '', ...words, '-c'],
    missing: path === undefined ? `${name} is not installed` : undefined,
  });
  return [
    shell('dash', pathOf('dash')),
    shell('bash', pathOf('bash')),
    shell('bash as sh', asSh('bash')),
    shell('bash --posix', pathOf('bash'), ['--posix']),
    shell('busybox sh', pathOf('busybox'), ['sh']),
    shell('zsh as sh', asSh('zsh')),
  ];
}

function pathOf(name: string): string | undefined {
  const { stdout, status } = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
