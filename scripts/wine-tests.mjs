// Runs test files under Wine: node scripts/wine-tests.mjs FILE… Vitest does not start there, so each file is bundled with a stand-in for it.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const standIn = join(root, 'scripts/mutants/vitest-stand-in.mjs');
const files = process.argv.slice(2);

const { status, stdout } = wine(['setup'], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
if (status !== 0) process.exit(status ?? 1);
const cache = stdout.trim().split('\n').at(-1);
const runs = join(cache, 'runs');
mkdirSync(runs, { recursive: true });
// A path with a blank and an umlaut, as users have them.
const folder = mkdtempSync(join(runs, 'wind öws '));
// A Windows of its own: its process table shows no other run. Wine replaces the files that it changes, so that links suffice.
const prefix = join(folder, 'prefix');
try {
  execFileSync('cp', ['-al', join(cache, 'prefix'), prefix]);
  symlinkSync(join(cache, 'packages/node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  await bundle();
  const python = join(folder, 'python.exe');
  cpSync(join(cache, 'stand-in.exe'), python);
  const env = {
    ...process.env,
    CLAUDE_MEM_TEST_PYTHON: python,
    CLAUDE_MEM_TEST_CLI: join(folder, 'dist/cli.js'),
    CLAUDE_MEM_WINE_PREFIX: prefix,
  };
  process.exitCode = wine(['node', join(folder, 'tests.cjs')], { stdio: 'inherit', env, cwd: folder }).status ?? 1;
} finally {
  spawnSync('wineserver', ['--kill'], { env: { ...process.env, WINEPREFIX: prefix } });
  rmSync(folder, { recursive: true, force: true });
}

function wine(args, options) {
  return spawnSync('bash', [join(root, 'scripts/wine.sh'), ...args], options);
}

async function bundle() {
  const parts = files.map((file) => `startFile(${JSON.stringify(file)}); require(${JSON.stringify(resolve(file))});`);
  const imports = `
    import { collected, startFile } from ${JSON.stringify(standIn)};
    import { runCollected } from ${JSON.stringify(join(root, 'scripts/wine/run-collected.mjs'))};`;
  await build({
    stdin: { contents: `${imports} ${parts.join(' ')} void runCollected(collected);`, resolveDir: root },
    outfile: join(folder, 'tests.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    alias: { vitest: standIn },
    external: ['koffi', 'libsql'],
    define: { 'import.meta.url': '__fileUrl' },
    banner: { js: "const __fileUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
  });
}
