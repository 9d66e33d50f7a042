import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Programs beside this one in the package, loaded when a command needs them, so that no other command pays for their size. */
export function loadProgram(name: 'setup' | 'search-server' | 'doctor'): unknown {
  return createRequire(__filename)(join(__dirname, `${name}.js`));
}
