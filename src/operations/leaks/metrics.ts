import { Counter, Gauge, Registry } from 'prom-client';
import { ROLES } from '../../core/tree/manifest.ts';
import { type Judgement, VERDICTS } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';
import type { SearchMode } from '../tree/tree-messages.ts';

/** What only a worker knows about itself. */
export interface WorkerFacts {
  readonly searchMode: SearchMode;
  /** How often its search server was started anew. */
  readonly searchServerRestarts: number;
}

export interface MetricsInput {
  readonly observation: Observation;
  readonly version: string;
  readonly worker?: WorkerFacts;
}

/** Of the text that `renderMetrics` gives. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Memory by what it is, of the rows in which it could be read. */
const MEMORY_KINDS = { pss: 'pssBytes', swap: 'swapBytes', rss: 'rssBytes' } as const;
/** The role label of what bears none. */
const NO_ROLE = 'none';
const MODES: readonly SearchMode[] = ['semantic', 'keyword'];

/**
 * What a reading found, in the text format of Prometheus: base units, and every combination of labels also where it is 0, so that an
 * alert never waits for a series to begin. Names are API: add, never rename.
 */
export async function renderMetrics({ observation, version, worker }: MetricsInput): Promise<string> {
  const registry = new Registry();
  addProcesses(registry, observation.judgements);
  addReading(registry, observation);
  const info = gauge(registry, 'claude_mem_build_info', 'Always 1; the label tells the version.', ['version']);
  info.set({ version }, 1);
  if (worker !== undefined) addWorker(registry, worker);
  return registry.metrics();
}

function addProcesses(registry: Registry, judgements: readonly Judgement[]): void {
  const labels = ['verdict', 'role'];
  const processes = gauge(registry, 'claude_mem_processes', 'Processes of claude-mem by verdict and role.', labels);
  const memory = gauge(
    registry,
    'claude_mem_memory_bytes',
    'Memory of the processes of claude-mem by verdict; pss and swap together are what they hold.',
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
    '1 if everything could be looked at, else 0: then there may be more leaks.',
    Number(isComplete),
  );
  set('claude_mem_reading_timestamp_seconds', 'When the process table was read.', Date.parse(snapshot.takenAt) / 1000);
  set('claude_mem_unreadable_processes', 'Processes that may be ours and could not be read.', snapshot.unreadable);
  set('claude_mem_stale_entries', 'Entries of manifests whose process is gone.', staleEntries.length);
  set('claude_mem_damaged_manifests', 'Manifests that could not be used.', damaged.length);
}

function addWorker(registry: Registry, { searchMode, searchServerRestarts }: WorkerFacts): void {
  const mode = gauge(registry, 'claude_mem_search_mode', '1 for the way in which search works now.', ['mode']);
  for (const one of MODES) mode.set({ mode: one }, Number(one === searchMode));
  const restarts = new Counter({
    name: 'claude_mem_search_server_restarts_total',
    help: 'How often the worker has started its search server anew.',
    registers: [registry],
  });
  restarts.inc(searchServerRestarts);
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
