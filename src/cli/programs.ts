import { join } from 'node:path';

/** Loads another program of the package into this process. Separate programs keep the other commands small and fast. */
export function loadProgram(name: 'setup' | 'search-server' | 'hook' | 'doctor'): unknown {
  // A variable, because the bundler would search for the file.
  const file = `./lib/${name}.js`;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- `runProgram` replaces it
  return require(file);
}

/** Path of a program of the package. */
export function programPath(name: 'cli' | 'setup' | 'search-server' | 'hook' | 'doctor'): string {
  return join(__dirname, `${name}.js`);
}
