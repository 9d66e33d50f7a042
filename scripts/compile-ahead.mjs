import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How long a tree may take to get ready here, in milliseconds. */
const READY_WITHIN_MS = 30_000;

/** Wraps a program in `lib/` in one function, as Node does with every CommonJS file. */
export const programFunction = {
  head: '(function (exports, require, module, __filename, __dirname) {',
  tail: '})',
};

/** Runs before the command line: a hook, for which an editor waits, is a small separate program. */
export const cliEntry = `// claude-mem-cli: the guard's script reads this name before it runs a program.
const args = process.argv.slice(2);
if (Number.parseInt(process.versions.node, 10) < 20) refuse();
else if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) require('./hook.js');
else runCompiled();

// Older versions of Node cannot parse the program. An editor must not see a hook fail.
function refuse() {
  process.stderr.write(\`claude-mem: needs Node.js 20.19 or later, and this is \${process.version} (\${process.execPath})\\n\`);
  process.exitCode = args[0] === 'hook' ? 0 : 2;
}`;

/**
 * The entry script of a program in `lib/`: runs the program from the code that V8 compiled at build time. V8 accepts
 * that code only with the same flags, and otherwise compiles as usual. It also accepts code of another Node.js with the
 * same V8 version, and may crash on it, so each Node.js has its own file.
 */
export function entryOf(name, run = 'runCompiled();') {
  return `#!/usr/bin/env node
'use strict';
${run}

function runCompiled() {
  const { readFileSync } = require('node:fs');
  const { Script } = require('node:vm');
  const filename = \`\${__dirname}/lib/${name}.js\`;
  const cachedData = compiled(readFileSync);
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
  script.runInThisContext()(exports, require, module, __filename, __dirname);
}

function compiled(readFileSync) {
  try {
    return readFileSync(\`\${__dirname}/lib/${name}.\${process.version}.\${process.arch}.compiled\`);
  } catch {
    return undefined;
  }
}
`;
}

/**
 * Runs the programs and keeps the code that V8 has compiled by their end, including called functions: `leaks` on an
 * empty data dir, and a tree on its own data dir. If no tree can run, its programs compile at their start, as usual.
 */
export async function compileAhead(directory) {
  const folder = mkdtempSync(join(tmpdir(), 'claude-mem-build-'));
  const environment = { PATH: process.env.PATH, HOME: folder, CLAUDE_MEM_WORKER_PORT: String(await freePort()) };
  const keeping = (programs) => ({
    ...environment,
    // Inherited by the processes that the program starts.
    NODE_OPTIONS: `--import=${pathToFileURL(resolve('scripts/keep-compiled.mjs')).href}`,
    KEEP_COMPILED: programs.join(' '),
  });
  try {
    // The findings on this machine, and so the exit code, do not matter.
    const { error } = spawnSync(process.execPath, [`${directory}/cli.js`, 'leaks', '--json'], {
      env: keeping(['cli']),
    });
    if (error !== undefined) throw error;
    await runTree(`${directory}/cli.js`, keeping(['supervisor', 'worker', 'search-server']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In the foreground: if this process dies, by Ctrl-C or SIGKILL, the tree sees its channel close and ends. */
async function runTree(cli, env) {
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
  const child = spawn(process.execPath, [cli, 'start', '--foreground', '--no-chroma'], { env, stdio });
  const ended = once(child, 'exit');
  const limit = AbortSignal.timeout(READY_WITHIN_MS);
  const isReady = await Promise.race([
    once(child, 'message', { signal: limit }).then(
      () => true,
      () => false,
    ),
    ended.then(() => false),
  ]);
  if (!isReady) process.stderr.write('No tree got ready here, so its programs are not compiled ahead.\n');
  child.kill('SIGTERM');
  await ended;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
