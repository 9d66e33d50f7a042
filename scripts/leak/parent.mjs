// Starts chroma-mcp as a worker would and stays until it is killed, which turns its children into a leak. Its one
// argument is JSON: { command, args, cwd, env, count, marks?: { treeId, role, dataDir }, handshake, stdin?, report,
// watchdogMs }
import { spawn } from 'node:child_process';
import { openSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { identify, ownerMarkOfSelf } from './identity.mjs';
import { McpStdio } from './mcp-stdio.mjs';

/** In milliseconds; packages may have to be compiled first. */
const HANDSHAKE_TIMEOUT_MS = 90_000;

const task = JSON.parse(process.argv[2]);
const env = { ...process.env, ...task.env, ...marks() };
// One pipe for all of them; the watchdog has its other end.
const stdin = task.stdin === undefined ? 'pipe' : openSync(task.stdin, 'r');
const children = [];

setTimeout(() => end(3), task.watchdogMs);
process.once('SIGTERM', () => end(0));

try {
  for (let index = 0; index < task.count; index += 1) await start();
  report({ parent: identify(process.pid), wrappers: children.map(({ pid }) => identify(pid)) });
} catch (error) {
  report({ error: error.message });
  end(1);
}

async function start() {
  const stdio = [stdin, task.handshake ? 'pipe' : 'ignore', task.handshake ? 'pipe' : 'ignore'];
  const child = spawn(task.command, task.args, { cwd: task.cwd, env, stdio });
  children.push(child);
  if (!task.handshake) {
    child.once('error', (error) => report({ error: error.message }));
    return;
  }
  let log = '';
  child.stderr.on('data', (chunk) => (log = `${log}${chunk}`.slice(-2_000)));
  await new McpStdio(child).initialize(HANDSHAKE_TIMEOUT_MS).catch((error) => {
    throw new Error(`${task.command}: ${error.message}\n${log}`.trim());
  });
}

function marks() {
  if (task.marks === undefined) return {};
  const { treeId, role, dataDir } = task.marks;
  const owner = ownerMarkOfSelf();
  return {
    CLAUDE_MEM_TREE: treeId,
    CLAUDE_MEM_ROLE: role,
    CLAUDE_MEM_DATA_DIR: dataDir,
    ...(owner === '' ? {} : { CLAUDE_MEM_OWNER: owner }),
  };
}

function report(content) {
  writeFileSync(`${task.report}.new`, JSON.stringify(content));
  renameSync(`${task.report}.new`, task.report);
}

function end(code) {
  for (const child of children) child.kill('SIGTERM');
  process.exit(code);
}
