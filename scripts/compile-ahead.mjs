import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A program in `lib/` is one function, as Node makes one of every CommonJS file. */
export const programFunction = {
  head: '(function (exports, require, module, __filename, __dirname) {',
  tail: '})',
};

/** A hook, for which an editor waits, is a small program of its own. */
export const hookEntry = `const args = process.argv.slice(2);
if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) require('./hook.js');
else `;

/**
 * The entry script of a program in `lib/`: it runs the program as if it stood in this script, from what V8 compiled when it was built.
 * V8 takes that only if its own version and flags are the same, and otherwise compiles as always.
 * @param otherwise what comes before, to run something else.
 */
export function entryOf(name, otherwise = '') {
  return `#!/usr/bin/env node
'use strict';
${otherwise}runCompiled();

function runCompiled() {
  const { readFileSync } = require('node:fs');
  const { Script, constants } = require('node:vm');
  const filename = \`\${__dirname}/lib/${name}.js\`;
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const cachedData = compiled(readFileSync);
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData, importModuleDynamically });
  script.runInThisContext()(exports, require, module, __filename, __dirname);
}

function compiled(readFileSync) {
  try {
    return readFileSync(\`\${__dirname}/lib/${name}.\${process.arch}.compiled\`);
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
  const port = await freePort();
  const run = (programs, ...args) => {
    const env = {
      ...{ PATH: process.env.PATH, HOME: folder },
      CLAUDE_MEM_DATA_DIR: join(folder, 'data'),
      CLAUDE_MEM_WORKER_PORT: String(port),
      // Handed on to what the program starts.
      NODE_OPTIONS: `--import=${pathToFileURL(resolve('scripts/keep-compiled.mjs')).href}`,
      KEEP_COMPILED: programs.join(' '),
    };
    return spawnSync(process.execPath, [`${directory}/cli.js`, ...args], { env, encoding: 'utf8' });
  };
  try {
    // What it finds on this machine, and so its exit code, is of no interest.
    const { error } = run(['cli'], 'leaks', '--json');
    if (error !== undefined) throw error;
    const { status, stderr } = run(['supervisor', 'worker', 'search-server'], 'start', '--no-chroma');
    if (status !== 0) process.stderr.write(`The tree's programs are not compiled ahead: ${stderr}`);
    run([], 'stop');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function freePort() {
  return new Promise((settle, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => settle(port));
    });
  });
}
