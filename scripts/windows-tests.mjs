// Runs test files on Windows, or elsewhere under Wine: node scripts/windows-tests.mjs FILE… Vitest does not start under Wine, so the
// files are bundled with a stand-in for it.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitestStandIn = join(root, 'scripts/mutants/vitest-stand-in.mjs');
const files = process.argv.slice(2);

const machine = process.platform === 'win32' ? thisWindows() : wine();
// A path with a blank and an umlaut, as users have them.
const folder = mkdtempSync(join(machine.runs, 'wind öws '));
try {
  symlinkSync(machine.modules, join(folder, 'node_modules'), 'junction');
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  await bundle();
  machine.makeStandIn(join(folder, 'python.exe'));
  const env = {
    ...process.env,
    CLAUDE_MEM_TEST_PYTHON: join(folder, 'python.exe'),
    CLAUDE_MEM_TEST_CLI: join(folder, 'dist/cli.js'),
  };
  process.exitCode = machine.run(join(folder, 'tests.cjs'), { stdio: 'inherit', env, cwd: folder }).status ?? 1;
} finally {
  machine.end();
  rmSync(folder, { recursive: true, force: true });
}

function thisWindows() {
  const source = join(root, 'test/fixtures/stand-in.c');
  return {
    runs: tmpdir(),
    modules: join(root, 'node_modules'),
    makeStandIn: (file) => execFileSync('gcc', ['-O1', '-s', '-o', file, source], { stdio: 'inherit' }),
    run: (script, options) => spawnSync(process.execPath, [script], options),
    end: () => undefined,
  };
}

function wine() {
  const call = (args, options) => spawnSync('bash', [join(root, 'scripts/wine.sh'), ...args], options);
  const { status, stdout } = call(['setup'], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (status !== 0) process.exit(status ?? 1);
  const cache = stdout.trim().split('\n').at(-1);
  const runs = join(cache, 'runs');
  mkdirSync(runs, { recursive: true });
  // A Windows of its own: its process table shows no other run. Wine replaces the files that it changes, so that links suffice.
  const copy = mkdtempSync(join(runs, 'prefix-'));
  execFileSync('cp', ['-al', `${join(cache, 'prefix')}/.`, copy]);
  return {
    runs,
    modules: join(cache, 'packages/node_modules'),
    makeStandIn: (file) => cpSync(join(cache, 'stand-in.exe'), file),
    run: (script, { env, ...options }) =>
      call(['node', script], { ...options, env: { ...env, CLAUDE_MEM_WINE_PREFIX: copy } }),
    end: () => {
      spawnSync('wineserver', ['--kill'], { env: { ...process.env, WINEPREFIX: copy } });
      rmSync(copy, { recursive: true, force: true });
    },
  };
}

async function bundle() {
  const parts = files.map((file) => `startFile(${JSON.stringify(file)}); require(${JSON.stringify(resolve(file))});`);
  const imports = `
    import { collected, startFile } from ${JSON.stringify(vitestStandIn)};
    import { runCollected } from ${JSON.stringify(join(root, 'scripts/windows/run-collected.mjs'))};`;
  await build({
    stdin: { contents: `${imports} ${parts.join(' ')} void runCollected(collected);`, resolveDir: root },
    outfile: join(folder, 'tests.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    alias: { vitest: vitestStandIn },
    external: ['koffi', 'libsql'],
    define: { 'import.meta.url': '__fileUrl' },
    banner: { js: "const __fileUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
  });
}
