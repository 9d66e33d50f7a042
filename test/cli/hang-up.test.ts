// A terminal that disappears while a command watches.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { runInTerminal } from '../helpers/run-cli.ts';
import { aHome, cli } from './scene.ts';

test.each([[['monit']], [['status', '--watch']], [['leaks', '--watch']]])(
  '%j ends by SIGHUP and without an abort if its terminal disappears',
  async (args) => {
    const { home } = aHome();
    const file = join(home, 'status');
    // The shell gets SIGHUP too, and outlives it.
    const shell = `trap : HUP; (sleep 2; kill -KILL $PPID) & "$@"; echo "$?" >"${file}"`;
    const session = runInTerminal('bash', ['-c', shell, 'sh', ...cli(...args)], { home });
    await session.ended;
    await eventually('the status is written', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
    expect(readFileSync(file, 'utf8')).toBe('129\n');
  },
);
