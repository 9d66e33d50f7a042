import { readFileSync } from 'node:fs';

/**
 * libsql finds the binary of this machine by a diagnostic report of the whole process, and takes five files and 17 ms for it, in each of
 * the programs that start one after the other. Bundled, with this in its place, it takes 3 ms. The binary is libsql's dependency and not
 * ours: where it does not lie beside us, it is looked for from where libsql lies.
 */
const REQUIRE_NATIVE = `function requireNative() {
  const { familySync, MUSL } = require('detect-libc');
  const { platform, arch } = process;
  const libc = () => (familySync() === MUSL ? 'musl' : 'gnu');
  const suffix = { linux: arch === 'arm' ? () => libc() + 'eabihf' : libc, win32: () => 'msvc' }[platform];
  const binary = '@libsql/' + [platform, arch, ...(suffix === undefined ? [] : [suffix()])].join('-');
  try {
    return require(binary);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    // By a variable: the bundler would take it for something to bundle.
    const libsql = 'libsql';
    return require('node:module').createRequire(require.resolve(libsql))(binary);
  }
}
`;
const ORIGINAL = /^function requireNative\(\) \{\n[\s\S]*?^\}\n/m;
const LOADER =
  'const { load, currentTarget } = require("@neon-rs/load");\nconst { familySync, GLIBC, MUSL } = require("detect-libc");\n';

/** An esbuild plugin: libsql is part of the bundle, all but its binary. */
export const bundledSqlite = {
  name: 'bundled-sqlite',
  setup(build) {
    build.onLoad({ filter: /[\\/]node_modules[\\/]libsql[\\/]index\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      // Another version of it: better no build than one with a guess.
      if (!ORIGINAL.test(source) || !source.includes(LOADER))
        throw new Error(
          `${path} finds its binary in another way than expected. A new version of libsql changed it: update scripts/bundled-sqlite.mjs.`,
        );
      return { contents: source.replace(ORIGINAL, () => REQUIRE_NATIVE).replace(LOADER, '') };
    });
  },
};
