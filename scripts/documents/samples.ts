import { findChanges, type Known } from '../../src/operations/leaks/leak-changes.ts';
import { reportLeaks } from '../../src/operations/leaks/leak-report.ts';
import { renderMetrics } from '../../src/operations/leaks/metrics.ts';
import { judgeReading } from '../../src/operations/observe/observe.ts';
import { parseLogLine } from '../../src/operations/tree/log-lines.ts';
import type { IntegrateReport } from '../../src/cli/commands/integrate/json.ts';
import { reportScenarios } from '../../src/cli/commands/verify/json.ts';
import { printIntegration } from '../../src/cli/commands/integrate/text.ts';
import {
  renderCommandReport,
  renderScenario,
  renderScenarioEnd,
  renderScenarioHead,
} from '../../src/cli/commands/verify/text.ts';
import { drawMonit } from '../../src/cli/commands/monit/frame.ts';
import { addMonitReading, EMPTY_MONIT } from '../../src/cli/commands/monit/monit-state.ts';
import { drawFrame } from '../../src/cli/commands/leaks/watch/frame.ts';
import { addReading, EMPTY_STATE } from '../../src/cli/commands/leaks/watch/watch-state.ts';
import { asShell } from './command-output.ts';
import { parse, RECORDED_VERIFY, recordedLeak, recordedTree } from './recorded.ts';
import { shown } from './terminal-output.ts';

/** The pids of the recorded leak that appear during the watch. */
const LATER = new Set([1162, 1182]);

/** `leaks --watch` at the moment when the second pair of the recorded leak appears. */
export function showWatch(): string {
  const { before, after } = growingLeak();
  const readings = [...Array<typeof before>(6).fill(before), ...Array<typeof after>(4).fill(after)];
  let known: Known = new Map();
  const state = readings.reduce((last, seen, index) => {
    const found = findChanges(known, seen);
    known = found.known;
    return addReading(last, { number: index + 1, seen, changes: index === 0 ? [] : found.changes });
  }, EMPTY_STATE);
  return shown('claude-mem leaks --watch --interval 1s', (output) => {
    const size = { columns: 80, rows: 15, isUnicode: true, hasKeys: true, showForeign: false };
    const lines = drawFrame(state, {
      ...size,
      interval: '1 s',
      time: after.reading.snapshot.takenAt.slice(11, 19),
      output,
    });
    lines.forEach((line) => {
      output.data(line);
    });
  });
}

/** `monit` on the recorded tree. The earlier readings differ from the recorded one by the CPU time and memory in between. */
export function showMonit(): string {
  // The log shows local time.
  process.env.TZ = 'UTC';
  const { observation, sight } = recordedTree();
  const { reading } = observation;
  const { snapshot } = reading;
  const log = { name: 'worker', lines: recordedLog().map(parseLogLine) };
  const state = USES.map(({ cpuTicks, share }) => {
    const processes = snapshot.processes.map((row) => {
      if (row.cpuTicks === undefined || row.pssBytes === undefined) return row;
      if (row.roleMark === 'worker') return { ...row, cpuTicks: row.cpuTicks + Math.round(cpuTicks / 20) };
      if (row.name !== 'python') return row;
      return { ...row, cpuTicks: row.cpuTicks + cpuTicks, pssBytes: Math.round(row.pssBytes * share) };
    });
    return judgeReading({ ...reading, snapshot: { ...snapshot, processes } });
  }).reduce(
    (last, seen, index) => addMonitReading(last, { seen, answer: sight.status, atMs: index * MONIT_INTERVAL_MS }),
    EMPTY_MONIT,
  );
  return shown('claude-mem monit', (output) => {
    const selected = state.items[1]?.key;
    const time = snapshot.takenAt.slice(11, 19);
    const view = { columns: 80, rows: 18, isUnicode: true, interval: '2 s', time, output };
    drawMonit({ ...state, selected, log }, view).forEach((line) => {
      output.data(line);
    });
  });
}

const MONIT_INTERVAL_MS = 2_000;
/** Chroma's python in use: CPU time so far, and the share of the recorded memory. */
const USES = [
  { cpuTicks: 0, share: 0.52 },
  { cpuTicks: 2, share: 0.52 },
  { cpuTicks: 4, share: 0.52 },
  { cpuTicks: 110, share: 0.78 },
  { cpuTicks: 290, share: 0.94 },
  { cpuTicks: 440, share: 1 },
  { cpuTicks: 482, share: 1 },
];

/** The log of the recorded tree's worker. */
function recordedLog(): readonly string[] {
  return (parse('worker-log.json') as readonly unknown[]).map((line) => JSON.stringify(line));
}

/** The output to a pipe at that moment. */
export function showChanges(): string {
  const { before, after } = growingLeak();
  const { changes } = findChanges(findChanges(new Map(), before).known, after);
  const lines = changes.map(({ kind, to, judgement }) => JSON.stringify([kind, judgement.row.pid, to]));
  const filter = `jq -c 'select(.type == "change") | [.change, .process.pid, .to]'`;
  return asShell(`claude-mem leaks --watch --interval 1s | ${filter}`, lines.join('\n'));
}

export function showOrphanCount(): string {
  const { summary } = reportLeaks(recordedLeak(), { showForeign: false });
  return asShell('claude-mem leaks --json | jq .summary.orphans', String(summary.orphans));
}

/** The metrics of the worker for the recorded leak, of the role that leaked. */
export async function showMetrics(): Promise<string> {
  const text = await renderMetrics({ observation: recordedLeak(), version: '0.1.0' });
  const lines = text.split('\n').filter((line) => line.includes('verdict="orphan"') && /chroma-sync|kind/.test(line));
  const header = '-H "Authorization: Bearer $(cat ~/.claude-mem/token)"';
  return asShell(
    `curl -s ${header} http://127.0.0.1:37777/metrics | grep -E 'orphan.*(kind|chroma-sync)'`,
    lines.join('\n'),
  );
}

function growingLeak() {
  const after = recordedLeak();
  const { snapshot } = after.reading;
  const processes = snapshot.processes.filter(({ pid }) => !LATER.has(pid));
  return { before: judgeReading({ ...after.reading, snapshot: { ...snapshot, processes } }), after };
}

/** Two scenarios with the real chroma-mcp, as they ran on a machine with everything installed. */
export function showScenarios(): string {
  const chroma = { mode: 'semantic', uvx: '/home/u/.local/bin/uvx', reason: null } as const;
  const results = ['stop', 'worker-crash'].map((name) => {
    return {
      ...{ name, passed: true, baseline: 0, during: 3, after: 0, settledMs: 84, elapsedMs: 4_210 },
      ...{ left: [], problem: null },
    };
  });
  const report = reportScenarios(results, { complete: true, chroma, error: null });
  return shown('claude-mem verify --scenario stop,worker-crash', (output) => {
    const lines = [...renderScenarioHead(chroma), ...results.map(renderScenario), ...renderScenarioEnd(report)];
    lines.forEach((line) => {
      output.data(line);
    });
  });
}

export function showVerifiedCommand(): string {
  return asShell(
    `claude-mem verify -- sh -c '${RECORDED_VERIFY.run?.argv[2] ?? ''}'`,
    renderCommandReport(RECORDED_VERIFY).join('\n'),
  );
}

export function showIntegration(): string {
  return shown('claude-mem integrate --write', (output) => {
    printIntegration(INTEGRATED, output);
  });
}

/** curl commands, each with the answer of the worker of a real tree. */
export function showApi(): string {
  const calls = parse('api.json') as readonly { readonly command: string; readonly answer?: unknown }[];
  const lines = calls.flatMap(({ command, answer }) => {
    return [`$ ${command}`, ...(answer === undefined ? [] : [JSON.stringify(answer)])];
  });
  return `\`\`\`\n${lines.join('\n')}\n\`\`\``;
}

const INTEGRATED: IntegrateReport = {
  ...{ schemaVersion: 1, command: 'integrate', action: 'write' },
  settings: {
    ...{ file: '/home/u/.claude/settings.json', content: {}, changed: true, deleted: false },
    backup: '/home/u/.claude/settings.json.2026-11-25T10-00-00-000Z.claude-mem-backup',
  },
  mcp: { file: '/home/u/shop/.mcp.json', content: {}, changed: true, backup: null, deleted: false },
};
