import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program in `lib/` is one function, as Node makes one of every CommonJS file. */
export const programFunction = {
  head: '(function (exports, require, module, __filename, __dirname) {',
  tail: '})',
};

/**
 * The entry script of a program in `lib/`: it runs the program as if it stood in this script, from what V8 compiled when it was built.
 * V8 takes that only if its own version and flags are the same, and otherwise compiles as always. A hook, for which an editor waits, is a
 * small program of its own.
 */
export function entryOf(name) {
  return `#!/usr/bin/env node
'use strict';
const args = process.argv.slice(2);
if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) require('./hook.js');
else runCompiled();

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
 * Runs a program with these arguments and keeps what V8 has compiled by then, functions that were called included. The program must
 * change nothing.
 */
export function compileAhead(directory, name, args) {
  const preload = fileURLToPath(new URL('keep-compiled.mjs', import.meta.url));
  const env = {
    PATH: process.env.PATH,
    CLAUDE_MEM_DATA_DIR: `${directory}/none`,
    KEEP_COMPILED: `${directory}/lib/${name}.${process.arch}.compiled`,
  };
  // What it finds on this machine, and so its exit code, is of no interest.
  const { error } = spawnSync(process.execPath, ['--import', preload, `${directory}/${name}.js`, ...args], { env });
  if (error !== undefined) throw error;
}
