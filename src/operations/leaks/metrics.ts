import { Counter, Gauge, Registry } from 'prom-client';
import { ROLES } from '../../core/tree/manifest.ts';
import { type Judgement, VERDICTS } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';
import type { SearchMode } from '../tree/tree-messages.ts';

/** Facts that only the worker knows. */
export interface WorkerFacts {
  readonly searchMode: SearchMode;
  /** Restarts of its search server. */
  readonly searchServerRestarts: number;
}

export interface MetricsInput {
  readonly observation: Observation;
  readonly version: string;
  readonly worker?: WorkerFacts;
}

/** Content type of the text from `renderMetrics`. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Memory kinds and the row fields they come from. */
const MEMORY_KINDS = { pss: 'pssBytes', swap: 'swapBytes', rss: 'rssBytes' } as const;
/** The role label of a process without a role. */
const NO_ROLE = 'none';
const MODES: readonly SearchMode[] = ['semantic', 'keyword'];

/**
 * Renders an observation in the text format of Prometheus, in base units. Every combination of labels is present even if it is 0, so that
 * alerts work before the first leak. Metric names are API: add, never rename.
 */
export async function renderMetrics({ observation, version, worker }: MetricsInput): Promise<string> {
  const registry = new Registry();
  addProcesses(registry, observation.judgements);
  addReading(registry, observation);
  const info = gauge(registry, 'claude_mem_build_info', 'Always 1; the label `version` is the version of claude-mem.', [
    'version',
  ]);
  info.set({ version }, 1);
  if (worker !== undefined) addWorker(registry, worker);
  return registry.metrics();
}

function addProcesses(registry: Registry, judgements: readonly Judgement[]): void {
  const labels = ['verdict', 'role'];
  const processes = gauge(registry, 'claude_mem_processes', 'claude-mem processes by verdict and role.', labels);
  const memory = gauge(
    registry,
    'claude_mem_memory_bytes',
    'Memory of claude-mem processes by verdict and kind. The memory in use is pss plus swap.',
    ['verdict', 'kind'],
  );
  for (const verdict of VERDICTS) {
    for (const role of [...ROLES, NO_ROLE]) processes.set({ verdict, role }, 0);
    for (const kind of Object.keys(MEMORY_KINDS)) memory.set({ verdict, kind }, 0);
  }
  for (const { verdict, role, row } of judgements) {
    processes.inc({ verdict, role: role ?? NO_ROLE });
    for (const [kind, field] of Object.entries(MEMORY_KINDS)) memory.inc({ verdict, kind }, row[field] ?? 0);
  }
}

function addReading(registry: Registry, { reading, staleEntries, isComplete }: Observation): void {
  const { snapshot, damaged } = reading;
  const set = (name: string, help: string, value: number) => {
    gauge(registry, name, help).set(value);
  };
  set(
    'claude_mem_reading_complete',
    '1 if the reading is complete. 0 if a part was unreadable, so there may be more leaks.',
    Number(isComplete),
  );
  set(
    'claude_mem_reading_timestamp_seconds',
    'Time of the reading, in seconds since 1970.',
    Date.parse(snapshot.takenAt) / 1000,
  );
  set('claude_mem_unreadable_processes', 'Possible claude-mem processes that could not be read.', snapshot.unreadable);
  set('claude_mem_stale_entries', 'Manifest entries whose process is gone.', staleEntries.length);
  set('claude_mem_damaged_manifests', 'Manifest files that could not be used.', damaged.length);
}

function addWorker(registry: Registry, { searchMode, searchServerRestarts }: WorkerFacts): void {
  const mode = gauge(registry, 'claude_mem_search_mode', '1 for the current search mode, 0 for the other one.', [
    'mode',
  ]);
  for (const one of MODES) mode.set({ mode: one }, Number(one === searchMode));
  const restarts = new Counter({
    name: 'claude_mem_search_server_restarts_total',
    help: 'Restarts of the search server by this worker.',
    registers: [registry],
  });
  restarts.inc(searchServerRestarts);
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
