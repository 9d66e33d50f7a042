import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Parts of Node that cost milliseconds to load and that most commands never use: commander loads child_process for
 * external subcommands, and crypto is needed for one hash only.
 */
const LAZY_BUILTINS = [
  ...['child_process', 'crypto', 'http', 'module', 'net', 'os', 'perf_hooks', 'readline', 'timers/promises', 'tty'],
  ...['v8', 'worker_threads', 'zlib'],
];

/** Packages of one function that only output for people needs. They are loaded at the first call. */
const LATE = ['string-width', 'wrap-ansi'];

/** Packages that only some output or some systems need. Parsing them takes 4 ms, so they are in separate files. */
const APART = [
  '@clack/prompts',
  'chalk',
  'chokidar',
  'cli-table3',
  'jsonc-parser',
  'pidtree',
  'prom-client',
  'ps-list',
  ...LATE,
];

/** Its other build hides its requires from a bundler. */
const BUNDLED_FROM = { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' };

/** Initialized at the first call: nearly no command needs the hash. */
const LATE_HASH = '@noble/hashes/sha2.js';

const LAZY = 'lazy-builtin';
const PACKAGE = 'package-apart';
const LATE_PACKAGE = 'late-package';

/** An esbuild plugin: loads these parts of Node at their first use. */
export const lazyBuiltins = {
  name: LAZY,
  setup(build) {
    const filter = new RegExp(`^(?:node:)?(?:${LAZY_BUILTINS.join('|')})$`);
    build.onResolve({ filter }, ({ path, importer, namespace, kind }) => {
      // Other packages may use a module in any way; import() is lazy already.
      const isOurs = !importer.includes('node_modules') || /[\\/](?:commander|detect-libc)[\\/]/.test(importer);
      if (namespace === LAZY || kind === 'dynamic-import' || !isOurs) return undefined;
      return { path: path.replace(/^node:/, ''), namespace: LAZY, suffix: kind === 'import-statement' ? NAMED : '' };
    });
    build.onLoad({ filter: /.*/, namespace: LAZY }, ({ path, suffix }) => ({ contents: lazyModule(path, suffix) }));
  },
};

/** Marks a module whose importers name what they use. */
const NAMED = '?named';

function lazyModule(name, suffix) {
  const all = Object.keys(createRequire(import.meta.url)(`node:${name}`));
  // Each name costs time at each start, and crypto alone has 70.
  const names = suffix === NAMED ? all.filter((each) => importedNames().has(each)) : all;
  return `for (const name of ${JSON.stringify(names)})
    Object.defineProperty(exports, name, {
      enumerable: true,
      configurable: true,
      get: () => {
        const value = require('node:${name}')[name];
        Object.defineProperty(exports, name, { enumerable: true, value });
        return value;
      },
    });`;
}

let imported;
/** The names in the import statements of the sources. */
function importedNames() {
  if (imported !== undefined) return imported;
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const lists = sources.flatMap((name) => [
    ...readFileSync(`src/${name}`, 'utf8').matchAll(/import \{([^}]*)\} from '(?:node:)?[\w/]+'/g),
  ]);
  const words = lists.flatMap(([, list]) => list.split(',').map((word) => word.trim().replace(/ as .*/, '')));
  return (imported = new Set(words));
}

/** An esbuild plugin: loads the packages from the separate files that `packagesApart` built. */
export const requirePackagesApart = {
  name: PACKAGE,
  setup(build) {
    // The rules for secrets are a fifth of the program, and one command needs them.
    build.onResolve({ filter: /operations\/redact\/redact\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './lib/redact.js', external: true } : undefined,
    );
    build.onResolve({ filter: /windows\/adapters\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './lib/windows.js', external: true } : undefined,
    );
    build.onResolve({ filter: new RegExp(`^${LATE_HASH}$`) }, ({ path, namespace }) =>
      namespace === LATE_PACKAGE ? undefined : { path, namespace: LATE_PACKAGE },
    );
    build.onResolve({ filter: /^[^.]/ }, ({ path, namespace }) => {
      if (!APART.includes(path)) return undefined;
      if (LATE.includes(path) && namespace !== LATE_PACKAGE) return { path, namespace: LATE_PACKAGE };
      return { path: `./${fileOf(path)}.js`, external: true };
    });
    build.onLoad({ filter: /.*/, namespace: LATE_PACKAGE }, ({ path }) => ({
      resolveDir: process.cwd(),
      contents:
        path === LATE_HASH
          ? `export const sha256 = (bytes) => require('${path}').sha256(bytes);`
          : `module.exports = (...args) => require(${JSON.stringify(path)})(...args);`,
    }));
  },
};

/** The entry points of the separate files, and the plugin that builds them. */
export const packagesApart = {
  entryPoints: Object.fromEntries(APART.map((name) => [fileOf(name), `${PACKAGE}:${name}`])),
  plugin: {
    name: `${PACKAGE}-entries`,
    setup(build) {
      const filter = new RegExp(`^${PACKAGE}:`);
      build.onResolve({ filter }, ({ path }) => ({ path: path.replace(filter, ''), namespace: PACKAGE }));
      // chalk asks at its start what the outputs are, and this part of Node takes 8 ms.
      build.onResolve({ filter: /^(?:node:)?tty$/ }, ({ path }) => ({ path, namespace: TTY }));
      build.onLoad({ filter: /.*/, namespace: TTY }, () => ({ contents: ISATTY, resolveDir: process.cwd() }));
      build.onLoad({ filter: /.*/, namespace: PACKAGE }, ({ path }) => ({
        // Node imports a whole CommonJS file as the default export, so the default must carry the names.
        contents: `const loaded = require(${JSON.stringify(BUNDLED_FROM[path] ?? path)});
          module.exports = 'default' in loaded ? Object.assign(loaded.default, loaded) : loaded;`,
        resolveDir: process.cwd(),
      }));
    },
  },
};

const TTY = 'tty-of-devices';
/** A file or pipe is not a terminal. */
const ISATTY = `const { fstatSync } = require('node:fs');
  // A require() with this name would find this module.
  const load = require;
  exports.isatty = (descriptor) => {
    try {
      if (!fstatSync(descriptor).isCharacterDevice()) return false;
    } catch {
      return false;
    }
    return load('node:tty').isatty(descriptor);
  };`;

function fileOf(name) {
  return `lib/${name.replace(/^@.*\//, '')}`;
}
