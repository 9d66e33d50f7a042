// Compares the start of the installed program with that of the last release, and fails if a ratio to `node -e 0` is worse by more than a
// quarter. Ratios carry over between machines; times do not. With --record, writes the ratios of this version, which a release does.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findNodes, installProgram, type MeasuredNode, useProgram } from './bench/program.ts';
import { measureStartUp, type StartUpName, type StartUpTimes } from './bench/start-up.ts';

const FILE = fileURLToPath(new URL('bench/last-release.json', import.meta.url));
const NAMES: readonly StartUpName[] = ['version', 'leaks', 'status', 'doctor'];
const MAJORS = [22, 24];
const TOLERANCE = 1.25;
/** Another process may disturb a measurement: the best of these counts. */
const ATTEMPTS = 3;
const ROUNDS = 9;

interface LastRelease {
  readonly version: string;
  /** Ratios to `node -e 0`, by major version of Node.js and command. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const { values: options } = parseArgs({
  options: { record: { type: 'boolean', default: false }, program: { type: 'string' } },
});
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'claude-mem-speed-')));
try {
  if (options.program === undefined) installProgram(folder);
  else useProgram(options.program);
  if (options.record) await record();
  else await compare(JSON.parse(readFileSync(FILE, 'utf8')) as LastRelease);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(last: LastRelease): Promise<void> {
  for (const node of findNodes(MAJORS)) {
    const allowed = last.ratios[majorOf(node)] ?? {};
    let best: Readonly<Record<string, number>> = {};
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      best = lower(best, await ratiosOf(node));
      if (NAMES.every((name) => isFine(best[name], allowed[name]))) break;
    }
    for (const name of NAMES) {
      const isMet = isFine(best[name], allowed[name]);
      const figures = `${best[name]?.toFixed(2) ?? '?'} × node -e 0, ${allowed[name]?.toFixed(2) ?? 'unknown'} × in ${last.version}`;
      console.log(`${isMet ? 'ok    ' : 'FAILED'} ${name} on Node.js ${node.name}: ${figures}`);
      if (!isMet) process.exitCode = 1;
    }
  }
}

/** A command that the last release did not have cannot be slower. */
function isFine(ratio = Infinity, last = Infinity): boolean {
  return ratio <= last * TOLERANCE;
}

function lower(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>) {
  return Object.fromEntries(NAMES.map((name) => [name, Math.min(left[name] ?? Infinity, right[name] ?? Infinity)]));
}

async function record(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as LastRelease;
  const ratios: Record<string, Readonly<Record<string, number>>> = {};
  for (const node of findNodes(MAJORS)) ratios[majorOf(node)] = await ratiosOf(node, 21);
  writeFileSync(FILE, `${JSON.stringify({ version, ratios } satisfies LastRelease, undefined, 2)}\n`);
}

async function ratiosOf(node: MeasuredNode, rounds = ROUNDS): Promise<Readonly<Record<string, number>>> {
  const times: StartUpTimes = await measureStartUp(node, folder, { rounds });
  return Object.fromEntries(NAMES.map((name) => [name, Math.round((times[name] / times.node) * 100) / 100]));
}

function majorOf({ name }: MeasuredNode): string {
  return name.replace(/^v(\d+)\..*/, '$1');
}
