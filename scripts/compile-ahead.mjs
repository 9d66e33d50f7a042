import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program in `lib/` is one function, as Node makes one of every CommonJS file. */
export const programFunction = {
  head: '(function (exports, require, module, __filename, __dirname) {',
  tail: '})',
};

/**
 * The entry script of a program in `lib/`: it runs the program as if it stood in this script, from what V8 compiled when it was built.
 * V8 takes that only if its flags are the same, and otherwise compiles as always. It also takes what an earlier or later Node.js with the
 * same V8 has compiled, and may crash on it, so each Node.js has a file of its own. A hook, for which an editor waits, is a small program of
 * its own.
 */
export function entryOf(name) {
  return `#!/usr/bin/env node
'use strict';
const args = process.argv.slice(2);
if (Number.parseInt(process.versions.node, 10) < 20) refuse();
else if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) require('./hook.js');
else runCompiled();

// Older ones do not even understand the program; what runs it for an editor must not see it fail.
function refuse() {
  process.stderr.write(\`claude-mem: needs Node.js 20.19 or later, and this is \${process.version} (\${process.execPath})\\n\`);
  process.exitCode = args[0] === 'hook' ? 0 : 2;
}

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
 * Runs a program with these arguments and keeps what V8 has compiled by then, functions that were called included. The program must
 * change nothing.
 */
export function compileAhead(directory, name, args) {
  const preload = fileURLToPath(new URL('keep-compiled.mjs', import.meta.url));
  const env = {
    PATH: process.env.PATH,
    CLAUDE_MEM_DATA_DIR: `${directory}/none`,
    KEEP_COMPILED: `${directory}/lib/${name}.${process.version}.${process.arch}.compiled`,
  };
  // What it finds on this machine, and so its exit code, is of no interest.
  const { error } = spawnSync(process.execPath, ['--import', preload, `${directory}/${name}.js`, ...args], { env });
  if (error !== undefined) throw error;
}
