import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How long a tree may take to get ready here, in milliseconds. */
const READY_WITHIN_MS = 30_000;

/** A program in `lib/` is one function, as Node makes one of every CommonJS file. */
export const programFunction = {
  head: '(function (exports, require, module, __filename, __dirname) {',
  tail: '})',
};

/** What the command line does before it runs: a hook, for which an editor waits, is a small program of its own. */
export const cliEntry = `const args = process.argv.slice(2);
if (Number.parseInt(process.versions.node, 10) < 20) refuse();
else if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) require('./hook.js');
else runCompiled();

// Older ones do not even understand the program; what runs it for an editor must not see it fail.
function refuse() {
  process.stderr.write(\`claude-mem: needs Node.js 20.19 or later, and this is \${process.version} (\${process.execPath})\\n\`);
  process.exitCode = args[0] === 'hook' ? 0 : 2;
}`;

/**
 * The entry script of a program in `lib/`: it runs the program as if it stood in this script, from what V8 compiled when it was built.
 * V8 takes that only if its flags are the same, and otherwise compiles as always. It also takes what an earlier or later Node.js with the
 * same V8 has compiled, and may crash on it, so each Node.js has a file of its own.
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
 * Runs the programs and keeps what V8 has compiled of them by their end, functions that were called included: `leaks` on an empty data
 * dir, and a tree on one of its own. Where no tree can run, its programs compile when they start, as always.
 */
export async function compileAhead(directory) {
  const folder = mkdtempSync(join(tmpdir(), 'claude-mem-build-'));
  const environment = { PATH: process.env.PATH, HOME: folder, CLAUDE_MEM_WORKER_PORT: String(await freePort()) };
  const keeping = (programs) => ({
    ...environment,
    // Handed on to what the program starts.
    NODE_OPTIONS: `--import=${pathToFileURL(resolve('scripts/keep-compiled.mjs')).href}`,
    KEEP_COMPILED: programs.join(' '),
  });
  try {
    // What it finds on this machine, and so its exit code, is of no interest.
    const { error } = spawnSync(process.execPath, [`${directory}/cli.js`, 'leaks', '--json'], {
      env: keeping(['cli']),
    });
    if (error !== undefined) throw error;
    await runTree(`${directory}/cli.js`, keeping(['supervisor', 'worker', 'search-server']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In the foreground: should this process die, by Ctrl-C or SIGKILL, the tree sees its channel close and ends. */
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
