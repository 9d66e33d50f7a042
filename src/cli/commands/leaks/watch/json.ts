import type { Change } from '../../../../operations/leaks/leak-changes.ts';
import type { WatchReading } from '../../../../operations/leaks/watch-leaks.ts';
import { ClaudeMemError } from '../../../../shared/errors.ts';
import type { ExitCode } from '../../../exit-code.ts';
import {
  type LeakReport,
  reportLeaks,
  reportProcess,
  type ReportedProcess,
} from '../../../../operations/leaks/leak-report.ts';

interface Line {
  readonly schemaVersion: 1;
  readonly command: 'leaks';
}

/** One reading. If it failed, only time and error are known. */
type ReadingLine = Line & {
  readonly type: 'reading';
  readonly reading: number;
  readonly error: ReportedError | null;
} & {
  readonly [Field in Exclude<keyof LeakReport, keyof Line>]: LeakReport[Field] | null;
};

interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

interface ChangeLine extends Line {
  readonly type: 'change';
  /** The number of the reading that shows the change. */
  readonly reading: number;
  readonly change: Change['kind'];
  readonly from: Change['from'];
  readonly to: Change['to'];
  readonly process: ReportedProcess;
}

interface EndLine extends Line {
  readonly type: 'end';
  readonly readings: number;
  readonly reason: 'count' | 'interrupted';
  readonly exitCode: ExitCode;
}

const LINE: Line = { schemaVersion: 1, command: 'leaks' };

/** The lines of `leaks --watch` for one reading: the reading and the changes since the last one. Field names are API: add, never rename. */
export function reportReading(
  { number, seen, changes }: WatchReading,
  view: { readonly showForeign: boolean; readonly takenAt: string },
): readonly (ReadingLine | ChangeLine)[] {
  if (seen instanceof ClaudeMemError) return [failedReading(number, seen, view.takenAt)];
  const isForeign = ({ from, to }: Change) => (from ?? 'foreign') === 'foreign' && (to ?? 'foreign') === 'foreign';
  const shown = changes.filter((change) => view.showForeign || !isForeign(change));
  return [
    { type: 'reading', reading: number, error: null, ...reportLeaks(seen, view) },
    ...shown.map(({ kind, from, to, judgement }): ChangeLine => {
      return { ...LINE, type: 'change', reading: number, change: kind, from, to, process: reportProcess(judgement) };
    }),
  ];
}

export function reportEnd(readings: number, reason: EndLine['reason'], exitCode: ExitCode): EndLine {
  return { ...LINE, type: 'end', readings, reason, exitCode };
}

function failedReading(reading: number, { code, message, hint }: ClaudeMemError, takenAt: string): ReadingLine {
  return {
    ...LINE,
    type: 'reading',
    reading,
    error: { code, message, hint: hint ?? null },
    takenAt,
    complete: false,
    platform: null,
    source: null,
    unreadable: null,
    dataDir: null,
    summary: null,
    groups: null,
    processes: null,
    staleEntries: null,
    damagedManifests: null,
  };
}
