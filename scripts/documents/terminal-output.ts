import type { Output } from '../../src/cli/terminal/output.ts';
import { printHistory } from '../../src/cli/commands/history/text.ts';
import { printDoctor } from '../../src/cli/commands/doctor/text.ts';
import { printStatus as printGuardStatus } from '../../src/cli/commands/guard/text.ts';
import { printLeaks } from '../../src/cli/commands/leaks/text.ts';
import { printOutcomes } from '../../src/cli/commands/reap/outcomes.ts';
import { setupView } from '../../src/cli/commands/setup/text.ts';
import { printStatus } from '../../src/cli/commands/status/text.ts';
import { reportStatus } from '../../src/operations/tree/status-report.ts';
import { asShell } from './command-output.ts';
import {
  RECORDED_DOCTOR,
  RECORDED_GUARD,
  RECORDED_SETUP,
  recordedHistory,
  recordedLeak,
  recordedReap,
  recordedTree,
} from './recorded.ts';

/** The width of a code block on most pages. */
const COLUMNS = 96;

/** The output of the program on the recorded machine: the same reporters, with input from the file. */
export function showLeaks(): string {
  const observation = recordedLeak();
  return shown('claude-mem leaks', (output) => {
    printLeaks(observation, {
      showForeign: false,
      isVerbose: false,
      isRecorded: false,
      dataDirFlag: undefined,
      output,
    });
  });
}

/** The output after the plan. */
export function showReapOutcomes(): string {
  const result = recordedReap();
  return shown('claude-mem reap --yes', (output) => {
    output.text('…');
    printOutcomes(result, output, { isVerbose: false });
  });
}

export function showSetup(): string {
  return shown('claude-mem setup', (output) => {
    setupView(output).print(RECORDED_SETUP);
  });
}

export function showDoctor(): string {
  return shown('claude-mem doctor', (output) => {
    printDoctor(RECORDED_DOCTOR, output, { showAll: 'claude-mem doctor --all' });
  });
}

export function showStatus(): string {
  const { observation, sight } = recordedTree();
  return shown('claude-mem status', (output) => {
    printStatus(reportStatus(sight, observation.reading.dataDir), {
      sight,
      observation,
      output,
      dataDirFlag: undefined,
    });
  });
}

export function showGuardStatus(): string {
  return shown('claude-mem guard status', (output) => {
    printGuardStatus(RECORDED_GUARD, output, (action) => `claude-mem guard ${action}`);
  });
}

export function showHistory(): string {
  // The axis shows local time.
  process.env.TZ = 'UTC';
  return shown('claude-mem history --since 5m', (output) => {
    printHistory(recordedHistory(), output, undefined);
  });
}

/** The output of a reporter for a command line, as in a shell. */
export function shown(commandLine: string, print: (output: Output) => void): string {
  // The plan suggests the command it was called with.
  process.argv = ['node', ...commandLine.split(' ')];
  const lines: string[] = [];
  const keep = (text: string) => void lines.push(text);
  const ignore = () => undefined;
  print({
    data: keep,
    text: keep,
    note: keep,
    problem: keep,
    status: ignore,
    clearStatus: ignore,
    beginStreaming: ignore,
    beginActing: ignore,
    endActing: ignore,
    columns: COLUMNS,
    isTerminal: false,
    hasStatusLine: false,
    hasColor: false,
    hasErrorColor: false,
  });
  return asShell(commandLine, lines.join('\n'));
}
