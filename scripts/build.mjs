// Bundles each program into one file: unbundled, the CLI takes twice as long to start. Code for few commands is in lib/.
import { createHash } from 'node:crypto';
import { chmod, copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { build, transform } from 'esbuild';
import { buildPage } from './build-page.mjs';
import { bundledSqlite } from './bundled-sqlite.mjs';
import { writeTypes } from './types.mjs';
import { assertLean, leanPackages } from './lean-packages.mjs';
import { lazyBuiltins, packagesApart, requirePackagesApart } from './lazy-modules.mjs';
import { packChunks } from './pack-chunks.mjs';
import { BundledPackages } from './third-party-licenses.mjs';

const { version, dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
// Built aside and moved into place: what runs from dist meanwhile never sees half of it.
const outdir = `.cache/dist.${process.pid}`;

const common = {
  outdir,
  bundle: true,
  platform: 'node',
  // Node starts a CommonJS file about 10 ms sooner than a module.
  format: 'cjs',
  target: 'node20.19',
  // A function from cached code has lost whose import() it is, and Node then refuses it: every import() becomes a require().
  supported: { 'dynamic-import': false },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  external: Object.keys(dependencies).filter((name) => name !== 'libsql'),
  plugins: [bundledSqlite, leanPackages],
  define: {
    'process.env.CLAUDE_MEM_VERSION': JSON.stringify(version),
    // createRequire() takes both, and a URL costs a millisecond at each start.
    'import.meta.url': '__filename',
  },
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
};
/** Options of the files in `lib/`: src/wiring/entry runs each as one function, like Node.js does with a CommonJS file. */
const inLib = {
  ...common,
  banner: { js: '(function (exports, require, module, __filename, __dirname, keepCompiled) {' },
  footer: { js: '})' },
};
const startsFast = [bundledSqlite, leanPackages, lazyBuiltins, requirePackagesApart];
/** Without a use, esbuild would remove the function. As long as the comment with the hash that replaces it, so that the map stays right. */
const HOLDER = 'globalThis.commands=';
const bundled = new BundledPackages();
const bundle = async (options) => bundled.add((await build({ ...options, metafile: true })).metafile);

await bundle({
  ...common,
  entryPoints: {
    testing: 'src/wiring/testing.ts',
    index: 'src/wiring/api.ts',
    'verify-command': 'src/wiring/verify-command.ts',
  },
});
/** Test files of users load both: one file must not contain a second copy of the other. */
const besideTesting = {
  name: 'beside-testing',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/testing\.ts$/ }, () => ({ path: './testing.js', external: true })),
};
await bundle({ ...common, entryPoints: { jest: 'src/wiring/jest.ts' }, plugins: [besideTesting] });
await bundle({
  ...common,
  ...{ entryPoints: { vitest: 'src/wiring/vitest.ts' }, format: 'esm', outExtension: { '.js': '.mjs' }, banner: {} },
  ...{ external: ['vitest'], plugins: [besideTesting] },
});
await bundle({
  ...inLib,
  entryPoints: {
    'lib/setup': 'src/wiring/setup.ts',
    'lib/redact': 'src/operations/redact/redact.ts',
    'lib/windows': 'src/platform/windows/adapters.ts',
  },
});
await bundle({
  ...inLib,
  entryPoints: {
    'lib/doctor': 'src/wiring/doctor.ts',
    'lib/hook': 'src/wiring/hook.ts',
    'lib/supervisor': 'src/wiring/supervisor.ts',
    'lib/worker': 'src/wiring/worker.ts',
    'lib/search-server': 'src/wiring/search-server.ts',
  },
  plugins: startsFast,
});
await packCli();
await bundle({ ...inLib, entryPoints: packagesApart.entryPoints, plugins: [packagesApart.plugin] });
assertLean();
await escapeRegularExpressions();
await stampHashes();
bundled.add(await buildPage(`${outdir}/page`));
await writeFile(`${outdir}/THIRD-PARTY-LICENSES.txt`, bundled.licenses());
await writeEntries();
await writeFile(`${outdir}/package.json`, '{ "type": "commonjs" }\n');
await copyFile('src/chroma/constraints.txt', `${outdir}/chroma-constraints.txt`);
await writeTypes(outdir, {
  testing: 'src/wiring/testing.ts',
  index: 'src/wiring/api.ts',
  documents: 'src/wiring/documents.ts',
  errors: 'src/shared/errors.ts',
  jest: 'src/wiring/jest.ts',
});
await writeFile(`${outdir}/vitest.d.mts`, 'export {};\n');

await moveIntoPlace();

/**
 * V8 needs half of the memory for a source of ASCII. esbuild escapes other characters in strings, and leaves those in regular expressions,
 * where an escape has the same meaning.
 */
async function escapeRegularExpressions() {
  const names = await readdir(outdir, { recursive: true });
  for (const name of names.filter((candidate) => candidate.endsWith('.js'))) {
    const text = await readFile(`${outdir}/${name}`, 'utf8');
    const escaped = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    if (escaped !== text) await writeFile(`${outdir}/${name}`, escaped);
  }
}

/**
 * The CLI loads the parts of one command. A stack trace in a report is read with the map, which a build of the same version writes again.
 */
async function packCli() {
  const { text, metafile } = await packChunks({ ...common, entryPoints: { cli: 'src/cli.ts' }, plugins: startsFast });
  bundled.add(metafile);
  const { banner, footer } = inLib;
  const minified = await transform(`${HOLDER}${banner.js}${text}${footer.js}`, {
    ...{ target: common.target, minify: true, legalComments: 'none' },
    ...{ sourcemap: 'external', sourcefile: 'cli.js' },
  });
  const [, code] = /^globalThis\.commands=(\(function\(.*\}\));\n$/s.exec(minified.code) ?? [];
  if (code === undefined) throw new Error('the CLI was not minified to one function');
  await writeFile(`${outdir}/lib/cli.js`, code);
  await writeFile(`${outdir}/lib/cli.js.map`, minified.map);
}

/** Each file of `lib/` begins with its hash, because the cache of compiled code must recognize another build. */
async function stampHashes() {
  for (const name of (await readdir(`${outdir}/lib`)).filter((candidate) => candidate.endsWith('.js'))) {
    const file = `${outdir}/lib/${name}`;
    const text = await readFile(file);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    await writeFile(file, Buffer.concat([Buffer.from(`/*${hash}*/`), text]));
  }
}

/** The files that Node.js runs. They are compiled at each start, and so they contain only what runs the files of `lib/`. */
async function writeEntries() {
  const entry = {
    ...{ bundle: true, platform: 'node', format: 'cjs', minifySyntax: true, minifyWhitespace: true },
    // The entry of the CLI must run on old versions, to say that they are too old.
    target: 'node8',
    logLevel: 'warning',
  };
  await build({
    ...entry,
    entryPoints: ['src/wiring/entry/cli.ts'],
    outfile: `${outdir}/cli.js`,
    banner: {
      js: "#!/usr/bin/env node\n// claude-mem-cli: the guard's script reads this name before it runs a program.",
    },
  });
  await chmod(`${outdir}/cli.js`, 0o755);
  for (const name of ['supervisor', 'worker', 'search-server', 'hook', 'doctor', 'setup']) {
    await build({
      ...entry,
      entryPoints: ['src/wiring/entry/program.ts'],
      outfile: `${outdir}/${name}.js`,
      define: { PROGRAM: JSON.stringify(name) },
      banner: { js: '#!/usr/bin/env node' },
    });
  }
}

async function moveIntoPlace() {
  const previous = `${outdir}.previous`;
  await rename('dist', previous).catch(unless('ENOENT'));
  // Another build may have put its own there in between.
  const isInPlace = await rename(outdir, 'dist').then(() => true, unless('ENOTEMPTY', 'EEXIST'));
  await rm(previous, { recursive: true, force: true });
  if (!isInPlace) await moveIntoPlace();
}

function unless(...codes) {
  return (error) => {
    if (!codes.includes(error.code)) throw error;
    return false;
  };
}
