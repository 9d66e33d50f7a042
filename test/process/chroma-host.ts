// A process with a Chroma, like a worker. Prints its state to stdout and stays until it is killed.
import { SessionStore } from '../../src/memory/session-store.ts';
import { ChromaSync } from '../../src/chroma/chroma-sync.ts';
import { chromaDependencies } from './chroma-dependencies.ts';

/** How long this program outlives the test that started it, in milliseconds. */
const WATCHDOG_MS = 90_000;

setTimeout(() => process.exit(99), WATCHDOG_MS).unref();
const [dataDir = '', constraintsFile = '', treeId = ''] = process.argv.slice(2);
const { dependencies } = await chromaDependencies({
  dataDir,
  env: process.env,
  constraintsFile,
  overrides: { treeId },
});
const store = new SessionStore(dataDir);
const sync = new ChromaSync(dependencies, store);
process.on('SIGTERM', () => {
  void sync.close(4_000).then(() => process.exit(0));
});
sync.wake();
let said = '';
for (;;) {
  const { state, reason, wrapperPid, pythonPid, pending } = sync.status();
  const line = JSON.stringify({ state, reason, wrapperPid, pythonPid, pending });
  if (line !== said) process.stdout.write(`${line}\n`);
  said = line;
  await new Promise((resolve) => setTimeout(resolve, 10));
}
