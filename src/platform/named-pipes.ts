import { randomBytes } from 'node:crypto';
import type { NamedPipes } from '../shared/named-pipes.ts';

const PREFIX = String.raw`\\.\pipe\claude-mem-`;
const NAME_BYTES = 16;
const NAME = new RegExp(`^[0-9a-f]{${NAME_BYTES * 2}}$`);

/** Undefined on systems that have sockets in folders. The system calls are loaded with the first pipe. */
export const namedPipes: NamedPipes | undefined =
  process.platform === 'win32'
    ? {
        assertUsable: async () => {
          await loadCalls();
        },
        newPath: () => PREFIX + randomBytes(NAME_BYTES).toString('hex'),
        isPath: (text) => text.startsWith(PREFIX) && NAME.test(text.slice(PREFIX.length)),
        restrict: async (path) => {
          (await loadCalls()).restrictPipe(path);
        },
        hold: async (path) => (await loadCalls()).holdPipe(path),
      }
    : undefined;

async function loadCalls() {
  const { createPipeCalls } = await import('./windows/adapters.ts');
  return createPipeCalls();
}
