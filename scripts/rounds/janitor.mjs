// Ends everything with the mark of a run, unmounts its mounts and removes its folder, however the runner ends: the pipe
// between them closes with its death. Argument: the mark.
import { endRun } from '../leak/runs.mjs';

const [mark] = process.argv.slice(2);
// The runner decides how to handle Ctrl-C.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => undefined);
process.stdin.resume();
process.stdin.once('error', () => void tidy());
process.stdin.once('end', () => void tidy());

let isTidying = false;

async function tidy() {
  if (isTidying) return;
  isTidying = true;
  const { left } = await endRun(mark);
  if (left.length > 0) console.error(`still alive: ${left.map(({ pid }) => pid).join(', ')}`);
  process.exit(left.length === 0 ? 0 : 1);
}
