import { dateSamples, gapsBetween, type DatedSample } from '../../../core/health/sample-time.ts';
import { totalUse, type RoleUse, type SampledRole } from '../../../core/health/sample.ts';
import type { SampleReading } from '../../../core/health/sample.ts';

/** `history --json`. Field names are API: add, never rename. */
export interface HistoryReport {
  readonly schemaVersion: 1;
  readonly command: 'history';
  readonly dataDir: string;
  readonly since: string;
  readonly until: string;
  /** False if a file or a sample could not be read. */
  readonly complete: boolean;
  readonly damagedSamples: number;
  readonly unreadableFiles: readonly { readonly file: string; readonly reason: string }[];
  readonly samples: readonly ReportedSample[];
  readonly gaps: readonly { readonly from: string; readonly until: string }[];
}

export interface ReportedSample {
  readonly takenAt: string;
  readonly spanSeconds: number;
  readonly treeId: string;
  readonly state: string;
  readonly restarts: number;
  readonly processes: number;
  readonly memoryBytes: number | null;
  readonly memoryKind: 'pss+swap' | 'rss' | null;
  readonly cpuPercent: number | null;
  readonly orphans: number | null;
  readonly excess: number | null;
  readonly roles: Readonly<Partial<Record<SampledRole, RoleUse>>>;
}

/** Reports the samples from `sinceMs` until `untilMs`, both in milliseconds since 1970. */
export function reportHistory(
  reading: SampleReading,
  { dataDir, sinceMs, untilMs }: { readonly dataDir: string; readonly sinceMs: number; readonly untilMs: number },
): HistoryReport {
  // The clock of an earlier boot may have run ahead: samples in the future count as now.
  const dated = dateSamples(reading.samples).map((item) => ({ ...item, atMs: Math.min(item.atMs, untilMs) }));
  const shown = dated.filter(({ atMs }) => atMs >= sinceMs);
  return {
    schemaVersion: 1,
    command: 'history',
    dataDir,
    since: iso(sinceMs),
    until: iso(untilMs),
    complete: reading.damaged === 0 && reading.unreadable.length === 0,
    damagedSamples: reading.damaged,
    unreadableFiles: reading.unreadable,
    samples: shown.map(reportSample),
    gaps: gapsBetween(shown, untilMs).map((gap) => ({ from: iso(gap.fromMs), until: iso(gap.untilMs) })),
  };
}

function reportSample({ sample, atMs }: DatedSample): ReportedSample {
  const { spanMs, treeId, state, restarts, memoryKind, orphans, excess, roles } = sample;
  return {
    takenAt: iso(atMs),
    spanSeconds: Math.round(spanMs / 1000),
    treeId,
    state,
    restarts,
    ...roundedUse(totalUse(sample)),
    memoryKind,
    orphans,
    excess,
    roles,
  };
}

function roundedUse({ processes, memoryBytes, cpuPercent }: RoleUse): RoleUse {
  return { processes, memoryBytes, cpuPercent: cpuPercent === null ? null : Math.round(cpuPercent * 10) / 10 };
}

const CSV_ROLES = ['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-search', 'setup', 'other'] as const;

/** Renders the samples as CSV lines with a header. Unknown values are empty. */
export function historyCsv({ samples }: HistoryReport): readonly string[] {
  const names = [
    ...['takenAt', 'spanSeconds', 'treeId', 'state', 'restarts', 'processes', 'memoryBytes', 'memoryKind'],
    ...['cpuPercent', 'orphans', 'excess'],
    ...CSV_ROLES.flatMap((role) => [`${role} processes`, `${role} memoryBytes`, `${role} cpuPercent`]),
  ];
  return [names.join(','), ...samples.map(csvLine)];
}

function csvLine({ roles, ...sample }: ReportedSample): string {
  const cells = [
    ...[sample.takenAt, sample.spanSeconds, sample.treeId, sample.state, sample.restarts, sample.processes],
    ...[sample.memoryBytes, sample.memoryKind, sample.cpuPercent, sample.orphans, sample.excess],
    ...CSV_ROLES.flatMap((role) => {
      const use = roles[role];
      return [use?.processes ?? 0, use?.memoryBytes ?? null, use?.cpuPercent ?? null];
    }),
  ];
  return cells.map((cell) => (cell === null ? '' : String(cell))).join(',');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
