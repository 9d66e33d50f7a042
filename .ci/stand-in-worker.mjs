// A worker service that leaks on purpose, which the published plugin cannot be made to do at will: real chroma-mcp children of a live worker
// that its registry does not record, and observers. Run as `worker-service.mjs DATA_DIR COMMAND…`; reads one command a line from stdin:
//   chroma         starts a chroma-mcp and records it as the current one
//   close N        closes the stdin of the Nth one, as a client does that means to end its server
//   observer       starts and records an observer
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [dataDir, ...command] = process.argv.slice(2);
const startToken = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[19];
const startedAt = new Date().toISOString();
const processes = { worker: { pid: process.pid, type: 'worker', startedAt } };
const children = [];

writeFileSync(join(dataDir, 'worker.pid'), JSON.stringify({ pid: process.pid, port: 1, startedAt, startToken }));
record();
for await (const line of createInterface({ input: process.stdin })) {
  const [what, which] = line.split(' ');
  if (what === 'chroma') startChroma();
  else if (what === 'close') children[Number(which)].stdin.end();
  else if (what === 'observer') startObserver();
}

function startChroma() {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdout.resume();
  children.push(child);
  processes['chroma-mcp'] = { pid: child.pid, type: 'chroma', startedAt: new Date().toISOString(), pgid: child.pid };
  record();
  console.log(child.pid);
}

function startObserver() {
  const child = spawn('sleep', ['600'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true, argv0: 'claude' });
  processes[`sdk:1:${child.pid}`] = {
    pid: child.pid,
    type: 'sdk',
    startedAt: new Date().toISOString(),
    pgid: child.pid,
  };
  record();
  console.log(child.pid);
}

function record() {
  writeFileSync(join(dataDir, 'supervisor.json'), JSON.stringify({ processes }));
}
