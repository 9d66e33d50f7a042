import type { Observation } from '../../../operations/observe/observe.ts';
import type { HealthItem } from '../../../operations/tree/tree-lifecycle.ts';
import { formatAge } from '../../../shared/duration.ts';
import { isLeak } from '../../../core/verdicts/verdict.ts';
import type { Output } from '../../terminal/output.ts';
import type { StatusReport, TreeSight } from '../../../operations/tree/status-report.ts';
import { count, describeProcess, formatBytes, printable } from '../../terminal/format.ts';
import { painter } from '../../terminal/process-table.ts';
import { commandOn } from '../../terminal/hint.ts';
import { withProgramName } from '../../program-name.ts';
import { branchOf } from './branch.ts';

/** Prints `status` for people: the tree, its search mode, its problems and their fixes. */
export function printStatus(
  report: StatusReport,
  {
    sight,
    observation,
    output,
    dataDirFlag,
  }: {
    readonly sight: TreeSight;
    readonly observation: Observation;
    readonly output: Output;
    /** Value of `--data-dir`, for the commands in hints. */
    readonly dataDirFlag: string | undefined;
  },
): void {
  const leaksCommand = commandOn(dataDirFlag, 'leaks');
  const paint = painter(output);
  if (!report.running) {
    output.data(`Not running. Data dir ${printable(report.dataDir)}`);
    output.data(withProgramName(`To start it:  ${commandOn(dataDirFlag, 'start')}`));
    printLeaks(observation, { leaksCommand, output });
    return;
  }
  const isWell = report.state === 'running' && report.problem === null;
  const state = isWell ? paint.green.bold('running') : paint.yellow.bold(report.state ?? 'not answering');
  const place = [
    report.port === null ? '' : `http://127.0.0.1:${report.port}`,
    report.version === null ? '' : `version ${report.version}`,
  ].filter((part) => part !== '');
  output.data(`claude-mem is ${state}${place.length > 0 ? `, ${place.join(', ')}` : ''}`);
  output.data(paint.gray(`Data dir ${printable(report.dataDir)}, tree ${(report.treeId ?? '?').slice(0, 8)}`));
  output.data(`\n${drawTree(sight, report)}\n`);
  const { mode, reason } = report.search;
  output.data(
    `Search   ${mode === 'semantic' ? 'by meaning and by keyword' : `by keyword${reason === null ? '' : `: ${printable(reason)}`}`}`,
  );
  if ((report.restarts ?? 0) > 0) output.data(`Restarts ${report.restarts ?? 0} of the worker`);
  if (report.problem !== null) output.data(`Problem  ${printable(report.problem)}`);
  printHealth(report, output);
  printLeaks(observation, { leaksCommand, output });
}

/** Omits the health items that the lines on search and leaks already show. */
function printHealth({ health, chromaRecycles }: StatusReport, output: Output): void {
  const isSaid = ({ id }: HealthItem) => id === 'response:chroma' || id === 'orphans' || id === 'excess';
  const items = (health ?? []).filter((item) => !isSaid(item));
  for (const { message, since } of items) {
    output.data(`Health   ${printable(message)} (for ${formatAge((Date.now() - Date.parse(since)) / 1000)})`);
  }
  if (chromaRecycles === null || items.some(({ id }) => id === 'limit:chroma')) return;
  const { count: times, reason, lastAt, wasForced } = chromaRecycles;
  const how = wasForced ? ' by force' : '';
  output.data(
    `Recycled Chroma ${count(times, 'time')}, last${how} ${formatAge((Date.now() - Date.parse(lastAt)) / 1000)} ago: ${printable(reason)}`,
  );
}

function printLeaks(
  { judgements, isComplete }: Observation,
  { leaksCommand, output }: { readonly leaksCommand: string; readonly output: Output },
): void {
  const leaks = judgements.filter(isLeak).length;
  if (leaks === 0 && !isComplete)
    output.data(withProgramName(`Leaks    none found, but the reading is incomplete; see: ${leaksCommand}`));
  if (leaks > 0) output.data(withProgramName(`Leaks    ${count(leaks, 'process', 'processes')}; see: ${leaksCommand}`));
}

export function drawTree({ members }: TreeSight, report: StatusReport): string {
  const depths = members.map(({ depth }) => depth);
  const rows = members.map(({ judgement, cpuPercent }, position) => {
    const memory = report.processes[position]?.memory.totalBytes ?? null;
    return {
      name: `${branchOf(depths, position)}${describeProcess(judgement)}`,
      pid: String(judgement.row.pid),
      age: formatAge(judgement.ageSeconds),
      memory: formatBytes(memory),
      cpu: cpuPercent === null ? '' : `${cpuPercent.toFixed(1)} %`,
    };
  });
  const header = { name: 'PROCESS', pid: 'PID', age: 'UP', memory: 'MEMORY', cpu: 'CPU' };
  const width = Math.max(...[header, ...rows].map(({ name }) => name.length));
  return [header, ...rows]
    .map(({ name, pid, age, memory, cpu }) =>
      `  ${name.padEnd(width)}  ${pid.padStart(7)}  ${age.padStart(7)}  ${memory.padStart(8)}  ${cpu.padStart(7)}`.trimEnd(),
    )
    .join('\n');
}
