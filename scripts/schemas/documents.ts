import type { CheckList, DoctorReport } from '../../src/cli/commands/doctor/json.ts';
import type { reportInstallation, reportRemoval, reportRun, reportStatus } from '../../src/cli/commands/guard/json.ts';
import type { HistoryReport } from '../../src/cli/commands/history/json.ts';
import type { IntegrateReport } from '../../src/cli/commands/integrate/json.ts';
import type { reportEnd, reportReading } from '../../src/cli/commands/leaks/watch/json.ts';
import type { ReapReport } from '../../src/cli/commands/reap/json.ts';
import type { SetupStep } from '../../src/cli/commands/setup/json.ts';
import type { LifecycleReport } from '../../src/cli/commands/start/json.ts';
import type { VerifyReport } from '../../src/cli/commands/verify/json.ts';
import type { LeakReport } from '../../src/operations/leaks/leak-report.ts';
import type { LogLine } from '../../src/operations/tree/log-lines.ts';
import type { StatusReport } from '../../src/operations/tree/status-report.ts';
import type { SnapshotDocument } from '../../src/state/files/snapshot-schema.ts';

/** Every document of `--json`, by the name of its schema file. */
export interface Documents {
  readonly leaks: LeakReport | ErrorReport;
  /** One line. */
  readonly 'leaks-watch': ReturnType<typeof reportReading>[number] | ReturnType<typeof reportEnd> | ErrorReport;
  readonly reap: ReapReport | ErrorReport;
  readonly guard: GuardInstallation | GuardStatusReport | GuardRemoval | GuardRunReport | ErrorReport;
  readonly status: StatusReport | ErrorReport;
  readonly start: LifecycleReport | ErrorReport;
  readonly stop: LifecycleReport | ErrorReport;
  readonly restart: LifecycleReport | ErrorReport;
  readonly setup: SetupReport | ErrorReport;
  readonly doctor: DoctorReport | CheckList | ErrorReport;
  readonly verify: VerifyReport | ErrorReport;
  readonly history: HistoryReport | ErrorReport;
  readonly integrate: IntegrateReport | ErrorReport;
  readonly completion: CompletionReport | ErrorReport;
  readonly snapshot: SnapshotReport | ErrorReport;
  /** The file, and the output without a file. */
  readonly 'process-snapshot': SnapshotDocument | ErrorReport;
  /** One line. */
  readonly logs: LogReport | ErrorReport;
}

type GuardInstallation = ReturnType<typeof reportInstallation>;
type GuardStatusReport = ReturnType<typeof reportStatus>;
type GuardRemoval = ReturnType<typeof reportRemoval>;
type GuardRunReport = ReturnType<typeof reportRun>;

/** The document of an error that ends a command. */
interface ErrorReport {
  readonly schemaVersion: 1;
  readonly command: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

interface SetupReport {
  readonly schemaVersion: 1;
  readonly command: 'setup';
  readonly ok: boolean;
  readonly search: 'semantic' | 'keyword';
  readonly steps: readonly SetupStep[];
}

interface CompletionReport {
  readonly schemaVersion: 1;
  readonly command: 'completion';
  readonly shell: string;
  readonly script: string;
}

interface SnapshotReport {
  readonly schemaVersion: 1;
  readonly command: 'snapshot';
  readonly file: string;
  readonly processes: number;
  readonly complete: boolean;
}

interface LogReport extends LogLine {
  readonly type: 'line';
}
