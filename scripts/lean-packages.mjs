import { dirname } from 'node:path';

/**
 * Parts of packages that cost time at every start and memory in a daemon, and are never used: pino's threads and files
 * (the log writes to a rotating file). They are replaced by stubs that throw.
 */
const UNUSED = [
  { in: /[\\/]pino[\\/]lib[\\/]/, path: './transport', contents: unused('pino.transport') },
  { in: /[\\/]pino[\\/]pino\.js$/, path: './lib/transport', contents: unused('pino.transport') },
  { in: /[\\/]pino[\\/]lib[\\/]/, path: 'sonic-boom', contents: unused('pino.destination') },
  { in: /[\\/]pino[\\/]lib[\\/]/, path: '@pinojs/redact', contents: unused('the redaction of pino') },
  // Read for each log; all logs belong to main threads.
  { in: /[\\/]pino[\\/]lib[\\/]/, path: 'worker_threads', contents: 'exports.isMainThread = true;' },
];
const NAMESPACE = 'unused-part';

/** MCP creates a schema validator for each connection, which no connection here needs. */
const VALIDATOR = /[\\/]sdk[\\/]dist[\\/](?:esm|cjs)[\\/]validation[\\/]ajv-provider\.js$/;

/** The parts that at least one bundle has replaced. */
const replaced = new Set();

/**
 * Call it after the last bundle.
 * @throws Error where a package no longer has a part that is replaced here: another version of it has another shape.
 */
export function assertLean() {
  const missing = UNUSED.filter((_, index) => !replaced.has(index)).map(({ in: where, path }) => `${path} in ${where}`);
  if (!replaced.has(VALIDATOR)) missing.push(String(VALIDATOR));
  if (missing.length === 0) return;
  throw new Error(
    `no module matches ${missing.join(', ')}. A new version of pino or of the MCP SDK moved it: update scripts/lean-packages.mjs.`,
  );
}

/** An esbuild plugin. */
export const leanPackages = {
  name: 'lean-packages',
  setup(build) {
    build.onResolve(
      { filter: /^(?:\.\/(?:lib\/)?transport|sonic-boom|@pinojs\/redact|worker_threads)$/ },
      ({ path, importer }) => {
        const index = UNUSED.findIndex((part) => part.path === path && part.in.test(importer));
        replaced.add(index);
        return index < 0 ? undefined : { path: String(index), namespace: NAMESPACE };
      },
    );
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({ contents: UNUSED[Number(path)].contents }));
    build.onLoad({ filter: VALIDATOR }, ({ path, suffix }) => {
      if (suffix === REAL) return undefined;
      replaced.add(VALIDATOR);
      return { contents: LAZY_VALIDATOR, resolveDir: dirname(path) };
    });
  },
};

function unused(what) {
  return `module.exports = function () { throw new Error(${JSON.stringify(`${what} is not part of this program`)}); };`;
}

const REAL = '?real';
/** Loaded when the first schema is checked. */
const LAZY_VALIDATOR = `export class AjvJsonSchemaValidator {
  getValidator(schema) {
    this.validator ??= new (require('./ajv-provider.js${REAL}').AjvJsonSchemaValidator)();
    return this.validator.getValidator(schema);
  }
}`;
