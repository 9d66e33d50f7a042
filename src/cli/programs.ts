import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Loads another program of the package into this process. Separate programs keep the other commands small and fast. */
export function loadProgram(name: 'setup' | 'search-server' | 'hook' | 'doctor'): unknown {
  return createRequire(__filename)(programPath(name));
}

/** Path of a program of the package. */
export function programPath(name: 'cli' | 'setup' | 'search-server' | 'hook' | 'doctor'): string {
  return join(__dirname, `${name}.js`);
}
