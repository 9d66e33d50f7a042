import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnPairs } from '../helpers/chroma-pairs.ts';
import { aHome, deadTree, orphans, recording, stored, TREE, writeManifest, writeTreeFile } from './scene.ts';
import { leaksReport, reportedProcess, staleEntry } from './shapes.ts';
import type { LeakReport } from '../../src/operations/leaks/leak-report.ts';
import { VERDICT_ORDER } from '../../src/core/verdicts/verdict.ts';

describe('a machine without leaks', () => {
  test('is called so, exit 0, nothing written', async () => {
    const { run, home, dataDir } = aHome();
    const { status, stdout, stderr } = await run(['leaks']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^No leaks\./);
    expect(stdout).toContain(`\nData dir ${dataDir}\n`);
    expect(await run(['leaks', '--data-dir', join(home, 'other')])).toMatchObject({ status: 2, stdout: '' });
    expect(() => readFileSync(dataDir)).toThrow('ENOENT');
  });

  test('in JSON has every field', async () => {
    const { status, report, found } = await aHome().json(['leaks']);
    expect(status).toBe(0);
    expect(report).toEqual(leaksReport);
    expect(found).toEqual([]);
    expect(report).toMatchObject({ complete: true, summary: { orphans: 0, leakedMemoryBytes: 0 } });
  });
});

describe('orphans', () => {
  test('are found by their marks, exit 1, with their reason and what to do', async () => {
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
    expect(report.summary).toMatchObject({ orphans: 2, unverified: 0 });
    expect(report.summary.leakedMemoryBytes).toBeGreaterThan(0);

    const { stdout, stderr } = await run(['leaks']);
    expect(stdout).toMatch(/^Leaked: 2 orphans, holding \d+ kB \(PSS \+ swap\)\./);
    expect(stdout).toContain('chroma-sync');
    expect(stdout).toContain('claude-mem reap --dry-run');
    expect(stderr).toBe('');
  });

  test('are told from what lives under its parent', async () => {
    const { json, dataDir } = aHome();
    const gone = await orphans(dataDir);
    const live = await spawnPairs({ dataDir, marks: true });
    onTestFinished(live.cleanup);
    const { found } = await json(['leaks']);
    const orphaned = found.filter(({ verdict }) => verdict === 'orphan').map(({ pid }) => pid);
    expect(orphaned.sort()).toEqual([...gone.pids].sort());
  });

  test('of another data dir are none of ours; --all shows them as foreign', async () => {
    const { json, home } = aHome();
    const { pids } = await orphans(join(home, 'elsewhere'));
    const { status, report, found } = await json(['leaks']);
    expect(status).toBe(0);
    expect(found).toEqual([]);
    expect(report.summary.foreign).toBeGreaterThanOrEqual(2);
    const all = (await json(['leaks', '--all'])).report.processes.filter(({ pid }) => pids.includes(pid));
    expect(all).toMatchObject([{ verdict: 'foreign' }, { verdict: 'foreign' }]);
  });

  test('--data-dir looks there, and the next step names it', async () => {
    const { run, home } = aHome();
    const dataDir = join(home, 'a b');
    await orphans(dataDir);
    const { stdout, status } = await run(['leaks', '--data-dir', dataDir]);
    expect(status).toBe(1);
    expect(stdout).toContain(`claude-mem reap --data-dir '${dataDir}' --dry-run`);
  });

  test('CLAUDE_MEM_DATA_DIR looks there too', async () => {
    const { json, home } = aHome();
    await orphans(join(home, 'mine'));
    expect((await json(['leaks'], { env: { CLAUDE_MEM_DATA_DIR: join(home, 'mine') } })).report.summary.orphans).toBe(
      2,
    );
  });

  test('are orphans although this command was started with the same marks', async () => {
    const { json, dataDir } = aHome();
    const { treeId } = await orphans(dataDir);
    // With the data dir, so that a test beside this one sees it as foreign.
    const marks = { CLAUDE_MEM_TREE: treeId, CLAUDE_MEM_ROLE: 'worker', CLAUDE_MEM_OWNER: '1:1:x:1' };
    const env = { ...marks, CLAUDE_MEM_DATA_DIR: dataDir };
    expect((await json(['leaks'], { env })).report.summary).toMatchObject({ orphans: 2, managed: 0 });
  });
});

test('unverified ones are found only by --strict', async () => {
  const { run, json, dataDir } = aHome();
  await orphans(dataDir, { marks: false });
  const { status, report } = await json(['leaks']);
  expect(status).toBe(0);
  expect(report.summary).toMatchObject({ orphans: 0, unverified: 2 });
  expect(await run(['leaks', '--strict'])).toMatchObject({ status: 1 });
  expect((await run(['leaks'])).stdout).toContain('which proof is missing');
});

describe('manifests', () => {
  test('a recorded orphan is found by its record', async () => {
    const { json, dataDir } = aHome();
    const { pairs } = await orphans(dataDir, { marks: false });
    const identity = stored(pairs[0]!.wrapper);
    deadTree(dataDir, [{ role: 'chroma-sync', identity, command: ['uv'], registeredAt: identity.startedAt }]);
    const { status, found } = await json(['leaks']);
    expect(status).toBe(1);
    expect(found[0]).toMatchObject({ verdict: 'orphan', role: 'chroma-sync', treeId: TREE });
    expect(found[0]?.evidence.map(({ kind }) => kind)).toContain('recorded');
  });

  test('stale entries are told', async () => {
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
  ])('a %s one is exit 4, and said so', async (kind, content, reason) => {
    const { run, json, dataDir } = aHome();
    const file = writeTreeFile(dataDir, `${TREE}.json`, content);
    const { status, report } = await json(['leaks']);
    expect(status).toBe(4);
    expect(report).toMatchObject({ complete: false, damagedManifests: [{ file, kind }] });
    const { stdout } = await run(['leaks']);
    expect(stdout).toContain('No leaks in what could be read; not everything could.');
    expect(stdout).toContain(reason);
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  test('what was found outweighs what could not be read', async () => {
    const { run, dataDir } = aHome();
    await orphans(dataDir);
    writeTreeFile(dataDir, `${TREE}.json`, 'torn');
    expect(await run(['leaks'])).toMatchObject({ status: 1 });
  });

  test('of another boot says nothing about this one', async () => {
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

  test('proposes nothing to be reaped here', async () => {
    const { stdout } = await aHome().run(['leaks', '--from', recording('plugin-worker-killed')]);
    expect(stdout).toContain('Leaked: 2 orphans, holding 221 MB');
    expect(stdout).toMatch(/chroma uv [^]*chroma python /);
    expect(stdout).not.toContain('claude-mem reap');
  });

  test('needs no data dir of its own', async () => {
    const { run, dataDir } = aHome();
    writeFileSync(dataDir, 'a file');
    expect(await run(['leaks', '--from', recording('plugin-live')])).toMatchObject({ status: 0 });
  });

  test('judges what `snapshot` recorded like the machine itself', async () => {
    const { run, json, home, dataDir } = aHome();
    const { pids } = await orphans(dataDir);
    const file = join(home, 'snapshot.json');
    expect(await run(['snapshot', file])).toMatchObject({ status: 0 });
    const { status, found } = await json(['leaks', '--from', file]);
    expect(status).toBe(1);
    expect(found.map(({ pid }) => pid)).toEqual([...pids].sort((left, right) => left - right));
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
