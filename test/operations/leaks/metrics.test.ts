import parse from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { judgeReading, type Reading } from '../../../src/operations/observe/observe.ts';
import { METRICS_CONTENT_TYPE, renderMetrics } from '../../../src/operations/leaks/metrics.ts';
import { readSnapshotFile } from '../../../src/state/files/snapshot-file.ts';
import { recording } from '../../cli/scene.ts';
import { DATA_DIR, init, snapshotOf } from '../../core/builders.ts';

const nothing: Reading = {
  ...{
    snapshot: snapshotOf([init]),
    dataDir: DATA_DIR,
    manifests: [],
    damaged: [],
    otherRegistries: [],
    answering: [],
  },
};

async function metricsOf(reading: Reading, extra: Partial<Parameters<typeof renderMetrics>[0]> = {}) {
  const families = parse(await renderMetrics({ observation: judgeReading(reading), version: '1.2.3', ...extra }));
  const valueOf = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    families
      .filter((family) => family.name === name)
      .flatMap(({ metrics }) => metrics)
      .filter((metric) => Object.entries(labels).every(([label, value]) => metric.labels?.[label] === value))
      .map(({ value }) => Number(value));
  const sumOf: (...of: Parameters<typeof valueOf>) => number = (...of) =>
    valueOf(...of).reduce((sum, value) => sum + value, 0);
  return { families, valueOf, sumOf };
}

describe('the metrics', () => {
  test('count leaks and their memory', async () => {
    const { sumOf } = await metricsOf(readSnapshotFile(recording('plugin-worker-killed')));
    expect(sumOf('claude_mem_processes', { verdict: 'orphan' })).toBe(2);
    expect(sumOf('claude_mem_memory_bytes', { verdict: 'orphan', kind: 'pss' })).toBeGreaterThan(200e6);
    expect(sumOf('claude_mem_processes', { verdict: 'managed' })).toBe(0);
  });

  test('the metrics are all present at 0 without any process', async () => {
    const { valueOf } = await metricsOf(nothing);
    expect(valueOf('claude_mem_processes')).toEqual(Array.from({ length: 6 * 8 }, () => 0));
    expect(valueOf('claude_mem_memory_bytes')).toEqual(Array.from({ length: 6 * 3 }, () => 0));
    expect(valueOf('claude_mem_reading_complete')).toEqual([1]);
    expect(valueOf('claude_mem_build_info', { version: '1.2.3' })).toEqual([1]);
    expect(valueOf('claude_mem_search_mode')).toEqual([]);
  });

  test.each<[string, Partial<Reading>]>([
    ['the listing was incomplete', { snapshot: snapshotOf([init], { complete: false }) }],
    ['a process could not be read', { snapshot: snapshotOf([init], { unreadable: 2 }) }],
    ['a manifest could not be used', { damaged: [{ file: 'f', kind: 'damaged', reason: 'x' }] }],
  ])('report if %s', async (_, part) => {
    const { valueOf } = await metricsOf({ ...nothing, ...part });
    expect(valueOf('claude_mem_reading_complete')).toEqual([0]);
  });

  test('the metrics of a worker include its search mode and restarts', async () => {
    const worker = { searchMode: 'keyword', searchServerRestarts: 3 } as const;
    const { valueOf } = await metricsOf(nothing, { worker });
    expect(valueOf('claude_mem_search_mode', { mode: 'keyword' })).toEqual([1]);
    expect(valueOf('claude_mem_search_mode', { mode: 'semantic' })).toEqual([0]);
    expect(valueOf('claude_mem_search_server_restarts_total')).toEqual([3]);
  });

  test('the metrics are valid in the text format of Prometheus', async () => {
    const { families } = await metricsOf(nothing, { worker: { searchMode: 'semantic', searchServerRestarts: 0 } });
    for (const { name, type, help } of families) {
      expect(name).toMatch(/^claude_mem_[a-z_]+$/);
      expect(type).toBe(name.endsWith('_total') ? 'COUNTER' : 'GAUGE');
      expect(help).toMatch(/\.$/);
    }
    expect(METRICS_CONTENT_TYPE).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});
