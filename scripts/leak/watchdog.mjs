// Ends the processes on its list however its parent ends: the pipe between them closes with the parent's death.
// Arguments: the seconds after which it acts anyway, and optionally a FIFO that it keeps open until then. Each line of
// stdin is a list of identities.
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signalIfSame } from './identity.mjs';

const GRACE_MS = 2_000;
const FORCE_MS = 5_000;
const PAUSE_MS = 25;

const [seconds, fifo] = process.argv.slice(2);
// Opened for reading too, so that opening does not wait for a reader.
const held = fifo === undefined ? undefined : openSync(fifo, 'r+');
const told = [];

// The parent decides how to handle Ctrl-C and other signals.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => undefined);
const input = createInterface({ input: process.stdin });
const timer = setTimeout(() => input.close(), Number(seconds) * 1_000);
input.on('line', (line) => {
  told.push(...JSON.parse(line));
  process.stdout.write('noted\n');
});
input.once('close', () => {
  clearTimeout(timer);
  void endAll();
});

async function endAll() {
  if (held !== undefined) closeSync(held);
  for (const identity of told) signalIfSame(identity, 'SIGTERM');
  await untilGone(GRACE_MS);
  for (const identity of told) signalIfSame(identity, 'SIGKILL');
  await untilGone(FORCE_MS);
  const left = told.filter(isAlive).map(({ pid }) => pid);
  if (left.length > 0) console.error(`still alive: ${left.join(', ')}`);
  process.exit(left.length === 0 ? 0 : 1);
}

async function untilGone(withinMs) {
  for (let waited = 0; waited < withinMs && told.some(isAlive); waited += PAUSE_MS) await sleep(PAUSE_MS);
}
