import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI } from './program.ts';
import { runToEnd } from './timing.ts';

export const PM2_VERSION = '7.0.4';

const CACHE = fileURLToPath(new URL(`../../.cache/pm2-${PM2_VERSION}`, import.meta.url));
const PROGRAM = join(CACHE, 'node_modules', 'pm2', 'bin', 'pm2');

/** PM2 with its own home, and so its own daemon. */
export interface Pm2 {
  run(...args: readonly string[]): string;
  /** Starts the worker and waits until it is ready. */
  readonly start: () => void;
  readonly daemonPid: () => number;
}

/** Downloads PM2 into a cache folder, once; it is not a dependency of the package. */
export function preparePm2(folder: string, env: Readonly<Record<string, string>>, say: (text: string) => void): Pm2 {
  if (!existsSync(PROGRAM)) install(say);
  const home = join(folder, 'pm2');
  const app = join(folder, 'worker-under-pm2.cjs');
  writeFileSync(app, WORKER_UNDER_PM2);
  const run = (...args: readonly string[]): string =>
    runToEnd(process.execPath, [PROGRAM, ...args], {
      env: { ...env, PM2_HOME: home, BENCH_WORKER: join(dirname(CLI), 'worker.js') },
    });
  return {
    run,
    start: () => void run('start', app, '--name', 'worker', '--wait-ready', '--listen-timeout', '20000'),
    daemonPid: () => Number(readFileSync(join(home, 'pm2.pid'), 'utf8')),
  };
}

function install(say: (text: string) => void): void {
  say(`fetching PM2 ${PM2_VERSION} into ${CACHE} …`);
  mkdirSync(CACHE, { recursive: true });
  const options = ['--no-audit', '--no-fund', '--no-save', '--no-package-lock'];
  const { status, stderr } = spawnSync('npm', ['install', '--prefix', CACHE, ...options, `pm2@${PM2_VERSION}`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`PM2 is not available: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

/** The same worker, whose messages to its supervisor are translated for PM2. */
const WORKER_UNDER_PM2 = `
const send = process.send.bind(process);
process.send = (message, ...rest) => {
  if (message.type === 'ready') send('ready');
  if ('id' in message) setImmediate(() => process.emit('message', { type: 'recorded', id: message.id }));
  const done = rest.find((argument) => typeof argument === 'function');
  if (done !== undefined) done(null);
  return true;
};
require(process.env.BENCH_WORKER);
`;
