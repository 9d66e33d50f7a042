import { formatInterval } from '../../../core/guard/interval.ts';
import type { GuardStatus } from '../../../operations/guard/guard-status.ts';
import type { EndedProcess, GuardRun } from '../../../operations/guard/records.ts';
import type { GuardRunReport } from '../../../operations/guard/run-guard.ts';
import { formatAge } from '../../../shared/duration.ts';
import { count, formatBytes } from '../../terminal/format.ts';
import type { Output } from '../../terminal/output.ts';
import { painter } from '../../terminal/process-table.ts';
import type { GuardCall, Launcher } from './context.ts';
import type { InstallationReport, RemovalReport } from './json.ts';

/** Prints each file with its content, and how to run, see and remove the guard. */
export function printInstallation(
  { installation, everySeconds, launcher, dryRun }: InstallationReport,
  output: Output,
  call: GuardCall,
): void {
  const { scheduler, files, removed, remark } = installation;
  for (const { path, content } of files) {
    output.text(painter(output).bold(`${dryRun ? 'Would write' : 'Wrote'} ${path}:`));
    output.data(indent(content));
  }
  for (const change of removed) output.text(change);
  const every = formatInterval(everySeconds);
  if (dryRun) output.text(`Nothing was changed. ${scheduler} would end leaks every ${every}.`);
  else {
    output.text(painter(output).green(`${scheduler} ends leaks every ${every} from now on.`));
    output.text(`Run it now: ${call('run')}\nLast run:   ${call('status')}\nUndo:       ${call('remove')}`);
  }
  for (const note of [remark, noteOn(launcher)]) if (note !== null) output.note(note);
}

function noteOn({ kind, path }: Launcher): string | null {
  if (kind === 'npx')
    return `The guard uses the cache of npx (${path}), which may be emptied. It then stops working, and never downloads anything. Install claude-mem permanently: npm install -g claude-mem-cli`;
  if (kind === 'checkout')
    return `The guard uses ${path}. It stops working if that file moves, unless claude-mem-cli is installed too.`;
  return null;
}

function indent(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '  ');
}

/** Prints the installation, the last run and the last run that ended something. */
export function printStatus(status: GuardStatus, output: Output, call: GuardCall): void {
  const { state, scheduler, everySeconds, include, problems, remark, fix, lastEnding, lastRun } = status;
  const paint = painter(output);
  if (state === 'not-installed') {
    output.text(`No guard is installed for this data dir. To end leaks every 10 minutes: ${call('install')}`);
  } else if (scheduler === null || everySeconds === null) {
    output.text(paint.red.bold('Broken'));
  } else {
    const what = include.length === 0 ? '' : `, with ${include.join(' and ')}`;
    const line = `${scheduler}, every ${formatInterval(everySeconds)}${what}`;
    output.text(
      state === 'healthy' ? paint.green(`Installed: ${line}`) : paint.red.bold(`Installed, but broken: ${line}`),
    );
  }
  for (const problem of problems) output.text(`  Problem:   ${problem}`);
  const rows = rowsOf(status);
  if (rows.length > 0) output.data(rows.join('\n'));
  if (lastRun?.endedCount === 0 && lastEnding !== null) output.data(endingLines(lastEnding).join('\n'));
  if (remark !== null && remark !== fix) output.note(remark);
  if (fix !== null)
    output.note(`Fix: ${/^claude-mem guard \w+$/.test(fix) ? call(fix.endsWith('run') ? 'run' : 'install') : fix}`);
}

function rowsOf({ files, nextRunAt, lastRun, endedTotal, runs, log, state }: GuardStatus): readonly string[] {
  return [
    ...files.map((file, at) => `  ${at === 0 ? 'Files:     ' : '           '}${file}`),
    ...(state === 'not-installed' ? [] : [`  Next run:  ${nextRunAt ?? 'unknown'}`]),
    ...(lastRun === null
      ? state === 'not-installed'
        ? []
        : ['  Last run:  none yet']
      : [`  Last run:  ${describeRun(lastRun)}`]),
    ...(lastRun !== null && lastRun.endedCount > 0 ? lastRun.processes.slice(0, MOST_ROWS).map(processLine) : []),
    ...(runs > 0 ? [`  In total:  ${count(runs, 'run')}, ${count(endedTotal, 'process', 'processes')} ended`] : []),
    ...(runs > 0 ? [`  Log:       ${log}`] : []),
  ];
}

const MOST_ROWS = 10;

function endingLines(run: GuardRun): readonly string[] {
  return [`  Last leak: ${describeRun(run)}`, ...run.processes.slice(0, MOST_ROWS).map(processLine)];
}

function describeRun({
  startedAt,
  durationMs,
  result,
  endedCount,
  endedMemoryBytes,
  remaining,
  error,
}: GuardRun): string {
  const parts = [
    endedCount === 0
      ? 'ended nothing'
      : `ended ${count(endedCount, 'process', 'processes')} (${formatBytes(endedMemoryBytes)})`,
    ...(remaining > 0 ? [`left ${count(remaining, 'leak')}`] : []),
    ...(result === 'incomplete' ? ['the reading was incomplete'] : []),
    ...(result === 'interrupted' ? ['interrupted'] : []),
    ...(error === null ? [] : [error.message]),
  ];
  const took = durationMs < 1000 ? `${durationMs} ms` : formatAge(durationMs / 1000);
  return `${startedAt}, ${took}: ${parts.join(', ')}`;
}

function processLine({ pid, role, outcome, memoryBytes }: EndedProcess): string {
  const memory = memoryBytes === null ? '' : `, ${formatBytes(memoryBytes)}`;
  return `               ${String(pid).padEnd(9)} ${role ?? 'process'}: ${outcome.replace('-', ' ')}${memory}`;
}

export function printRemoval({ removal, dryRun, log }: RemovalReport, output: Output): void {
  const { changes, found } = removal;
  if (dryRun) {
    output.text(
      found.length === 0
        ? 'Nothing to remove.'
        : `Would remove the guard from ${found.join(' and ')}. Nothing was changed.`,
    );
    return;
  }
  if (changes.length === 0) {
    output.text('No guard is installed for this data dir.');
    return;
  }
  for (const change of changes) output.text(change);
  if (log !== null) output.note(`The log stays: ${log}`);
}

/** Prints nothing if nothing happened and no person looks: cron sends a mail for every line. */
export function printRun({ run, lines }: GuardRunReport, output: Output): void {
  for (const { level, message } of lines) {
    if (level === 'error') output.problem(`claude-mem: ${message}`);
    else output.text(message);
  }
  if (run.error?.hint != null) output.problem(run.error.hint);
  if (lines.length === 0 && run.result === 'incomplete') output.problem('claude-mem: the reading is incomplete');
  if (lines.length === 0 && output.isTerminal) output.text('Nothing to end.');
}
