import { readFileSync } from 'node:fs';

/**
 * libsql finds the binary of this machine with a diagnostic report of the whole process and reads five files, which
 * takes 17 ms in each program. Bundled with this replacement it takes 3 ms. The binary is a dependency of libsql: if it
 * is not in the package folder, it is resolved from the location of libsql.
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
    // In a variable, so that the bundler does not bundle it.
    const libsql = 'libsql';
    return require('node:module').createRequire(require.resolve(libsql))(binary);
  }
}
`;
const ORIGINAL = /^function requireNative\(\) \{\n[\s\S]*?^\}\n/m;
const LOADER =
  'const { load, currentTarget } = require("@neon-rs/load");\nconst { familySync, GLIBC, MUSL } = require("detect-libc");\n';

/** An esbuild plugin: bundles libsql except its binary. */
export const bundledSqlite = {
  name: 'bundled-sqlite',
  setup(build) {
    build.onLoad({ filter: /[\\/]node_modules[\\/]libsql[\\/]index\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      // Another version of libsql fails the build.
      if (!ORIGINAL.test(source) || !source.includes(LOADER))
        throw new Error(
          `${path} finds its binary in another way than expected. A new version of libsql changed it: update scripts/bundled-sqlite.mjs.`,
        );
      return { contents: source.replace(ORIGINAL, () => REQUIRE_NATIVE).replace(LOADER, '') };
    });
  },
};
