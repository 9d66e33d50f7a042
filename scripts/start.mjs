// npm start: prepares semantic search, starts the tree, shows it, and prints the next steps. Safe to run again.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const args = process.argv.slice(2);
// `setup` accepts only these two. The other options belong to `start`.
const { 'data-dir': dataDir, 'no-color': noColor } = parseArgs({
  args,
  strict: false,
  options: { 'data-dir': { type: 'string' }, 'no-color': { type: 'boolean' } },
}).values;
const shared = [...(typeof dataDir === 'string' ? ['--data-dir', dataDir] : []), ...(noColor ? ['--no-color'] : [])];

function claudeMem(...command) {
  const { status, error } = spawnSync(process.execPath, [cli, ...command], { stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 1;
}

console.log('Preparing semantic search …');
claudeMem('setup', ...shared);
console.log('\nStarting …\n');
const status = claudeMem('start', ...args);
if (status === 0) {
  console.log(`
Next steps:
  node dist/cli.js status    shows the tree, its memory and its search mode
  node dist/cli.js leaks     shows which processes leaked, and why
  node dist/cli.js stop      ends the tree and proves that no process is left
  npm link                   makes the command \`claude-mem\` available everywhere`);
}
process.exitCode = status;
