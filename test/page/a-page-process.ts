import type { PageProcess } from '../../src/worker/page/page-state.ts';

/** A process of the page's tree that started at that second and has used that CPU time. */
export function aPageProcess(changes: Partial<PageProcess> & { readonly bytes?: number } = {}): PageProcess {
  const { bytes = 100, pid = 10, startedAt = secondsAt(0), ...others } = changes;
  return {
    ...{ role: 'worker', name: 'worker', pid, ppid: 1, depth: 1, state: 'running', restarts: 0 },
    ...{ uptimeSeconds: 5, cpuPercent: 1, cpuSeconds: 0, startedAt, key: `${pid} ${startedAt}` },
    memory: { pssBytes: bytes, rssBytes: null, swapBytes: 0, totalBytes: bytes, kind: 'pss+swap' },
    ...others,
  };
}

export function secondsAt(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
