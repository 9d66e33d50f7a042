import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { useChildren } from '../contract/children.ts';
import { CLI, runProgram, type RunResult } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { split } from './linux-places.ts';
import { asUser, longMemoryTest, OTHER_USER, startLongMemory, USER } from './long-memory.ts';

const MIB = 1024 * 1024;
/** One long command line and its copies; an unbounded reader needs hundreds of MiB. */
const MOST_GROWTH_BYTES = 32 * MIB;

const children = useChildren();

describe('commands beside a command line and an environment of 256 MB', () => {
  const PEAK =
    'process.on("exit", () => require("fs").appendFileSync(process.env.PEAK_FILE, process.resourceUsage().maxRSS + "\\n"))';

  /** Runs the built program as a user and returns its peak memory in bytes. */
  async function run(uid: number, args: readonly string[]): Promise<RunResult & { readonly peakBytes: number }> {
    const home = tempDir();
    const peakFile = join(home, 'peak');
    const hook = join(home, 'peak.cjs');
    writeFileSync(hook, PEAK);
    writeFileSync(peakFile, '');
    for (const path of [home, peakFile, hook]) {
      chownSync(path, uid, uid);
      chmodSync(path, 0o700);
    }
    const node = [process.execPath, '--require', hook, CLI];
    const ran = await runProgram(...split([...asUser(uid), ...node, ...args]), { home, env: { PEAK_FILE: peakFile } });
    return { ...ran, peakBytes: Number(readFileSync(peakFile, 'utf8').trim()) * 1024 };
  }

  longMemoryTest('of another user, leaks, reap, status and doctor answer as usual with the same memory', async () => {
    const commands = [
      ['leaks'],
      ['leaks', '--all', '--json'],
      ['reap', '--dry-run'],
      ['status'],
      ['doctor', 'process-table'],
    ];
    const usual = [];
    for (const command of commands) usual.push(await run(USER, command));
    await startLongMemory(children, { which: 'cmdline', uid: OTHER_USER });
    await startLongMemory(children, { which: 'environ', uid: OTHER_USER });
    for (const [index, command] of commands.entries()) {
      const { status, signal, peakBytes, stderr } = await run(USER, command);
      expect({ command, status, signal, stderr }).toEqual({
        ...{ command, status: usual[index]!.status, signal: null },
        stderr: usual[index]!.stderr,
      });
      expect(peakBytes).toBeLessThan(usual[index]!.peakBytes + MOST_GROWTH_BYTES);
    }
    // Reported, but another user must not decide the exit code.
    const { status, stdout } = await run(USER, ['leaks', '--json']);
    expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({ status: 0, complete: true, unreadable: 1 });
    expect((await run(USER, ['leaks'])).stdout).toContain(
      'Read only in part, but not yours: 1 process of another user.',
    );
  });

  longMemoryTest('of the same user, leaks and reap report what they could not read, and end nothing', async () => {
    const beginning = 'uvx|chroma-mcp|--data-dir|/absent/vectors|';
    const cmdline = await startLongMemory(children, { which: 'cmdline', uid: USER, beginning });
    const environ = await startLongMemory(children, { which: 'environ', uid: USER });
    const leaks = await run(USER, ['leaks', '--json', '--data-dir', '/absent']);
    expect({ status: leaks.status, signal: leaks.signal }).toEqual({ status: 4, signal: null });
    const report = JSON.parse(leaks.stdout) as { processes: { pid: number; verdict: string; evidence: unknown[] }[] };
    expect(report).toMatchObject({ unreadable: 2, summary: { orphans: 0, excess: 0, unverified: 2 } });
    for (const pid of [cmdline, environ])
      expect(report.processes.find((row) => row.pid === pid)).toMatchObject({
        verdict: 'unverified',
        evidence: expect.arrayContaining([expect.objectContaining({ kind: 'read-in-part' })]) as unknown[],
      });
    expect(leaks.peakBytes).toBeLessThan(256 * MIB);
    const reap = await run(USER, ['reap', '--yes']);
    expect({ status: reap.status, signal: reap.signal }).toEqual({ status: 4, signal: null });
    for (const pid of [cmdline, environ]) expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('uvx\n');
    expect((await run(USER, ['doctor', 'process-table'])).status).toBe(4);
  });
});
