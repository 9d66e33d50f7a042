import type { LifecycleReport } from '../../src/cli/commands/start/json.ts';
import { reportStatus as reportGuard } from '../../src/cli/commands/guard/json.ts';
import { reportLeaks } from '../../src/operations/leaks/leak-report.ts';
import { reportReap } from '../../src/cli/commands/reap/json.ts';
import { reportEnd, reportReading } from '../../src/cli/commands/leaks/watch/json.ts';
import { reportStatus } from '../../src/operations/tree/status-report.ts';
import { parseLogLine } from '../../src/operations/tree/log-lines.ts';
import { printed } from './command-output.ts';
import {
  parse,
  RECORDED_DOCTOR,
  RECORDED_GUARD,
  RECORDED_SETUP,
  RECORDED_VERIFY,
  recordedHistory,
  recordedLeak,
  recordedReap,
  recordedTree,
} from './recorded.ts';

/** Lists are cut to their first items, because the others look alike. */
const SHOWN_ITEMS = 2;

export function leaks(): string {
  return example(reportLeaks(recordedLeak(), { showForeign: false }));
}

export function watchChange(): string {
  const seen = recordedLeak();
  const judgement = seen.judgements[0]!;
  const changes = [{ kind: 'appeared', judgement, from: null, to: judgement.verdict }] as const;
  const takenAt = seen.reading.snapshot.takenAt;
  return example(reportReading({ number: 7, seen, changes }, { showForeign: false, takenAt })[1]);
}

export function watchEnd(): string {
  return example(reportEnd(7, 'count', 1));
}

export function reap(): string {
  return example(
    reportReap(recordedReap(), { dryRun: false, tidied: { lines: [] }, shown: recordedLeak().judgements }),
  );
}

export function status(): string {
  const { sight, observation } = recordedTree();
  return example(reportStatus(sight, observation.reading.dataDir));
}

export function history(): string {
  return example(recordedHistory());
}

export function guard(): string {
  return example(reportGuard(RECORDED_GUARD));
}

export function start(): string {
  return example(STARTED);
}

export function stop(): string {
  return example(STOPPED);
}

export function setup(): string {
  return example({ schemaVersion: 1, command: 'setup', ok: true, search: 'semantic', steps: RECORDED_SETUP });
}

export function doctor(): string {
  return example(RECORDED_DOCTOR);
}

export function verify(): string {
  return example(RECORDED_VERIFY);
}

export function log(): string {
  const record = {
    level: 'info',
    time: '2026-11-24T00:12:49.725Z',
    role: 'supervisor',
    pid: 952,
    port: 37777,
    msg: 'ready',
  };
  return example({ type: 'line', ...parseLogLine(JSON.stringify(record)) });
}

export function error(): string {
  return example(JSON.parse(printed(['leaks', '--from', 'missing.json', '--json'])));
}

export function snapshot(): string {
  return example(parse('tree.json'));
}

/** From a real run; the types ensure that no field is missing. */
const STARTED: LifecycleReport = {
  schemaVersion: 1,
  command: 'start',
  ok: true,
  treeId: 'b462ac5e-43a6-4d8c-abd4-6a1895291c9c',
  alreadyRunning: false,
  processes: [
    { role: 'supervisor', pid: 29706 },
    { role: 'worker', pid: 29734 },
    { role: 'search', pid: 29772 },
  ],
  ended: [],
  remaining: [],
  left: [],
  unwritten: [],
  elapsedMs: 1423,
  port: 37777,
  error: null,
};

const STOPPED: LifecycleReport = {
  ...STARTED,
  command: 'stop',
  processes: [],
  ended: [29706, 29734, 29772, 29891, 29919].map((pid) => ({ pid, outcome: 'exited', signal: null, elapsedMs: 151 })),
  elapsedMs: 170,
  port: null,
};

function example(document: unknown): string {
  return `\`\`\`json\n${JSON.stringify(cut(document), undefined, 2)}\n\`\`\``;
}

/** Command lines are not cut. */
function cut(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.every((item) => typeof item === 'string') ? value : value.slice(0, SHOWN_ITEMS);
    return items.map(cut);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cut(item)]));
}
