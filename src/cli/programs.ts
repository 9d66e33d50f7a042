import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Programs beside this one in the package, loaded when a command needs them, so that no other command pays for their size. */
export function loadProgram(name: 'setup' | 'search-server' | 'hook' | 'doctor'): unknown {
  return createRequire(__filename)(programPath(name));
}

/** Where a program of the package is installed. */
export function programPath(name: 'cli' | 'setup' | 'search-server' | 'hook' | 'doctor'): string {
  return join(__dirname, `${name}.js`);
}
