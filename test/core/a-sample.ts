import type { Sample } from '../../src/core/health/sample.ts';

/** A sample of a tree at rest. */
export function aSample(changes: Partial<Sample> = {}): Sample {
  return {
    takenAtMs: 1_764_000_000_000,
    uptimeMs: 3_600_000,
    bootId: 'af805216-7009-49ce-8a36-8585208c3ddd',
    spanMs: 5_000,
    treeId: '95789b4b-e32d-4051-bfce-bb9de18d9260',
    state: 'running',
    restarts: 0,
    roles: {
      supervisor: { processes: 1, memoryBytes: 20_000_000, cpuPercent: 0.1 },
      worker: { processes: 1, memoryBytes: 30_000_000, cpuPercent: 0.2 },
    },
    memoryKind: 'pss+swap',
    orphans: 0,
    excess: 0,
    leakedBytes: 0,
    ...changes,
  };
}
