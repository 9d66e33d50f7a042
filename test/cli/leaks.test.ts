import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnPairs } from '../helpers/chroma-pairs.ts';
import { aHome, deadTree, orphans, recording, stored, TREE, writeManifest, writeTreeFile } from './scene.ts';
import { leaksReport, reportedGroup, reportedProcess, staleEntry } from './shapes.ts';
import type { LeakReport } from '../../src/operations/leaks/leak-report.ts';
import { VERDICT_ORDER } from '../../src/core/verdicts/verdict.ts';

describe('a machine without leaks', () => {
  test('leaks exits with 0 and writes nothing if nothing leaked', async () => {
    const { run, home, dataDir } = aHome();
    const { status, stdout, stderr } = await run(['leaks']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^No leaks\./);
    expect(stdout).toContain(`\nData dir ${dataDir}\n`);
    expect(await run(['leaks', '--data-dir', join(home, 'other')])).toMatchObject({ status: 2, stdout: '' });
    expect(() => readFileSync(dataDir)).toThrow('ENOENT');
  });

  test('leaks --json has every field if nothing leaked', async () => {
    const { status, report, found } = await aHome().json(['leaks']);
    expect(status).toBe(0);
    expect(report).toEqual(leaksReport);
    expect(found).toEqual([]);
    expect(report).toMatchObject({ complete: true, summary: { orphans: 0, leakedMemoryBytes: 0 } });
  });
});

describe('orphans', () => {
  test('leaks finds orphans by their marks, shows evidence and the next command, and exits with 1', async () => {
    const { run, json, dataDir } = aHome();
    const { pairs, treeId } = await orphans(dataDir);
    const { wrapper, python } = pairs[0]!;
    const { status, report, found } = await json(['leaks']);
    expect(status).toBe(1);
    expect(report).toEqual(leaksReport);
    expect(found).toEqual([reportedProcess, reportedProcess]);
    expect(found).toMatchObject([
      { pid: wrapper.pid, verdict: 'orphan', role: 'chroma-sync', treeId, memory: { kind: 'pss+swap' } },
      { pid: python.pid, ppid: wrapper.pid, verdict: 'orphan', role: 'chroma-sync', treeId },
    ]);
    expect(found[0]?.evidence.map(({ kind }) => kind)).toEqual(['marked', 'owner-gone', 'adopted']);
    expect(report.summary).toMatchObject({ orphans: 2, unverified: 0, leaks: 1 });
    expect(report.groups).toEqual([reportedGroup]);
    expect(report.groups).toMatchObject([
      { verdict: 'orphan', owner: { treeId, presence: 'gone' }, leaks: 1, pids: [wrapper.pid, python.pid] },
    ]);
    expect(report.summary.leakedMemoryBytes).toBeGreaterThan(0);

    const { stdout, stderr } = await run(['leaks']);
    expect(stdout).toMatch(/^Leaked: 1 chroma-mcp \(uv \+ python\), using \d+ kB \(PSS \+ swap\)\./);
    expect(stdout).toMatch(/\n1 chroma-mcp \(uv \+ python\) left by pid \d+, which is gone: \d+ kB\n/);
    expect(stdout).toContain(`  orphan, `);
    expect(stdout).toContain(`pid ${wrapper.pid}, ${python.pid}\n`);
    expect(stdout).toContain('claude-mem reap --dry-run');
    expect(stderr).toBe('');
  });

  test('leaks distinguishes orphans from processes with a living parent', async () => {
    const { json, dataDir } = aHome();
    const gone = await orphans(dataDir);
    const live = await spawnPairs({ dataDir, marks: true });
    onTestFinished(live.cleanup);
    const { found } = await json(['leaks']);
    const orphaned = found.filter(({ verdict }) => verdict === 'orphan').map(({ pid }) => pid);
    expect(orphaned.sort()).toEqual([...gone.pids].sort());
  });

  test('orphans of another data dir are foreign and shown only with --all', async () => {
    const { json, home } = aHome();
    const { pids } = await orphans(join(home, 'elsewhere'));
    const { status, report, found } = await json(['leaks']);
    expect(status).toBe(0);
    expect(found).toEqual([]);
    expect(report.summary.foreign).toBeGreaterThanOrEqual(2);
    const all = (await json(['leaks', '--all'])).report.processes.filter(({ pid }) => pids.includes(pid));
    expect(all).toMatchObject([{ verdict: 'foreign' }, { verdict: 'foreign' }]);
  });

  test('--data-dir selects the data dir and appears in the suggested command', async () => {
    const { run, home } = aHome();
    const dataDir = join(home, 'a b');
    await orphans(dataDir);
    const { stdout, status } = await run(['leaks', '--data-dir', dataDir]);
    expect(status).toBe(1);
    expect(stdout).toContain(`claude-mem reap --data-dir '${dataDir}' --dry-run`);
  });

  test('CLAUDE_MEM_DATA_DIR selects the data dir', async () => {
    const { json, home } = aHome();
    await orphans(join(home, 'mine'));
    expect((await json(['leaks'], { env: { CLAUDE_MEM_DATA_DIR: join(home, 'mine') } })).report.summary.orphans).toBe(
      2,
    );
  });

  test('leaks ignores the marks that it inherits itself', async () => {
    const { json, dataDir } = aHome();
    const { treeId } = await orphans(dataDir);
    // Names the data dir, so that a concurrent test sees this process as foreign.
    const marks = { CLAUDE_MEM_TREE: treeId, CLAUDE_MEM_ROLE: 'worker', CLAUDE_MEM_OWNER: '1:1:x:1' };
    const env = { ...marks, CLAUDE_MEM_DATA_DIR: dataDir };
    expect((await json(['leaks'], { env })).report.summary).toMatchObject({ orphans: 2, managed: 0 });
  });
});

test('unverified processes change the exit code only with --strict', async () => {
  const { run, json, dataDir } = aHome();
  await orphans(dataDir, { marks: false });
  const { status, report } = await json(['leaks']);
  expect(status).toBe(0);
  expect(report.summary).toMatchObject({ orphans: 0, unverified: 2 });
  expect(await run(['leaks', '--strict'])).toMatchObject({ status: 1 });
  expect((await run(['leaks'])).stdout).toContain('which proof is missing');
});

describe('manifests', () => {
  test('leaks finds an unmarked orphan by its manifest', async () => {
    const { json, dataDir } = aHome();
    const { pairs } = await orphans(dataDir, { marks: false });
    const identity = stored(pairs[0]!.wrapper);
    deadTree(dataDir, [{ role: 'chroma-sync', identity, command: ['uv'], registeredAt: identity.startedAt }]);
    const { status, found } = await json(['leaks']);
    expect(status).toBe(1);
    expect(found[0]).toMatchObject({ verdict: 'orphan', role: 'chroma-sync', treeId: TREE });
    expect(found[0]?.evidence.map(({ kind }) => kind)).toContain('recorded');
  });

  test('leaks reports stale entries', async () => {
    const { run, json, dataDir } = aHome();
    deadTree(dataDir);
    const { status, report } = await json(['leaks']);
    expect(status).toBe(0);
    expect(report.staleEntries).toEqual([staleEntry]);
    expect((await run(['leaks'])).stdout).toContain('1 stale entry in the manifests');
  });

  test.each([
    ['damaged', '{"schemaVersion":1,', 'is not JSON'],
    ['newer', JSON.stringify({ schemaVersion: 9, treeId: TREE }), 'schemaVersion 9'],
  ])('a %s manifest is reported and exits with 4', async (kind, content, reason) => {
    const { run, json, dataDir } = aHome();
    const file = writeTreeFile(dataDir, `${TREE}.json`, content);
    const { status, report } = await json(['leaks']);
    expect(status).toBe(4);
    expect(report).toMatchObject({ complete: false, damagedManifests: [{ file, kind }] });
    const { stdout } = await run(['leaks']);
    expect(stdout).toContain('No leaks found, but the reading is incomplete.');
    expect(stdout).toContain(reason);
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  test('exit code 1 for leaks takes precedence over 4 for an incomplete reading', async () => {
    const { run, dataDir } = aHome();
    await orphans(dataDir);
    writeTreeFile(dataDir, `${TREE}.json`, 'torn');
    expect(await run(['leaks'])).toMatchObject({ status: 1 });
  });

  test('a manifest of another boot proves nothing about this one', async () => {
    const { json, dataDir } = aHome();
    writeManifest(dataDir, { bootId: 'another', entries: [entryOf(999_999_999)] });
    await orphans(dataDir);
    expect((await json(['leaks'])).report.summary.orphans).toBe(2);
  });
});

function entryOf(startTicks: number) {
  const identity = { pid: 7, startTicks, startedAt: '2026-01-02T03:04:05.678Z' };
  return { role: 'supervisor' as const, identity, command: ['node'], registeredAt: identity.startedAt };
}

describe('--from', () => {
  test.each([
    ['plugin-live', 0, { orphans: 0, foreign: 3 }],
    ['plugin-restarted', 0, { orphans: 0, foreign: 3 }],
    ['plugin-stopped', 0, { orphans: 0, unverified: 1, zombies: 1 }],
    ['plugin-worker-killed', 1, { orphans: 2 }],
    ['plugin-wrapper-killed', 0, { orphans: 0, unverified: 1 }],
  ])('%s', async (name, exit, summary) => {
    const { json } = aHome();
    const { status, report } = await json(['leaks', '--from', recording(name)]);
    expect(status).toBe(exit);
    expect(report).toEqual({ ...leaksReport, source: 'file' });
    expect(report.summary).toMatchObject(summary);
    const all = await json(['leaks', '--all', '--from', recording(name)]);
    for (const process of all.report.processes) expect(process).toEqual(reportedProcess);
    expect(all.report.processes.length).toBeGreaterThan(0);
  });

  test('leaks --from suggests no reap', async () => {
    const { stdout } = await aHome().run(['leaks', '--from', recording('plugin-worker-killed')]);
    expect(stdout).toContain('Leaked: 1 chroma-mcp (uv + python), using 221 MB');
    expect(stdout).toContain('left by worker 20171, which is gone: 221 MB');
    expect(stdout).not.toContain('claude-mem reap');
  });

  test('leaks --from needs no data dir', async () => {
    const { run, dataDir } = aHome();
    writeFileSync(dataDir, 'a file');
    expect(await run(['leaks', '--from', recording('plugin-live')])).toMatchObject({ status: 0 });
  });

  test('leaks --from gives the same verdicts as the machine that recorded the snapshot', async () => {
    const { run, json, home, dataDir } = aHome();
    const { pids } = await orphans(dataDir);
    const file = join(home, 'snapshot.json');
    expect(await run(['snapshot', file])).toMatchObject({ status: 0 });
    const { status, found } = await json(['leaks', '--from', file]);
    expect(status).toBe(1);
    expect(found.map(({ pid }) => pid)).toEqual([...pids].sort((left, right) => left - right));
  });
});

describe('--verbose', () => {
  test.each(['--verbose', '-v', '--all'])('%s lists every process with its evidence', async (flag) => {
    const from = ['--from', recording('plugin-worker-killed')];
    const { stdout } = await aHome().run(['leaks', flag, ...from]);
    expect(stdout).toMatch(/^20218 +orphan +chroma uv [^]*^20238 +orphan +└ chroma python /m);
    expect(stdout).toContain('started by the orphaned wrapper pid 20218');
    expect(stdout).not.toContain('--verbose');
    const short = (await aHome().run(['leaks', ...from])).stdout;
    expect(short).not.toContain('started by the orphaned wrapper');
    expect(short).toContain('To list every process, add --verbose.');
  });
});

describe('--sort', () => {
  test.each(['memory', 'age', 'pid', 'verdict'] as const)(
    '%s orders the processes, in text and in JSON',
    async (key) => {
      const { run, json } = aHome();
      const from = ['leaks', '--all', '--sort', key, '--from', recording('plugin-restarted')];
      const { processes } = (await json(from)).report as unknown as LeakReport;
      const rank = {
        memory: ({ memory }: (typeof processes)[number]) => -(memory.totalBytes ?? -1),
        age: ({ ageSeconds }: (typeof processes)[number]) => -ageSeconds,
        pid: ({ pid }: (typeof processes)[number]) => pid,
        verdict: ({ verdict }: (typeof processes)[number]) => VERDICT_ORDER.indexOf(verdict),
      }[key];
      expect(processes.length).toBeGreaterThan(1);
      expect(processes.map(rank)).toEqual(processes.map(rank).toSorted((left, right) => left - right));
      const shown = (await run(from)).stdout;
      const places = processes.map(({ pid }) => shown.search(new RegExp(`(?<![\\d])${pid}(?![\\d])`)));
      expect(places).toEqual(places.toSorted((left, right) => left - right));
    },
  );

  test('an unknown order is refused', async () => {
    expect(await aHome().run(['leaks', '--sort', 'size'])).toMatchObject({ status: 2 });
  });
});
