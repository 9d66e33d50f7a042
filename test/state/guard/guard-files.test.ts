import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openGuardStore } from '../../../src/state/guard/guard-files.ts';
import { schedulerFiles } from '../../../src/state/guard/scheduler-files.ts';
import type { GuardRecord } from '../../../src/operations/guard/records.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { aRun, aState } from '../../operations/guard/fake-guard.ts';

const RECORD: GuardRecord = {
  ...{ schemaVersion: 1, scheduler: 'cron', name: 'claude-mem-guard-0123abcd', everySeconds: 600 },
  ...{ include: ['excess'], installedAt: '2026-03-01T10:00:00.000Z', launcher: null },
};

describe('the files of a guard', () => {
  test('script, record and state are written, read and removed with their folder', () => {
    const dataDir = tempDir();
    const store = openGuardStore(dataDir, 'linux');
    expect([store.hasScript(), store.readRecord(), store.readState()]).toEqual([false, undefined, undefined]);
    store.writeScript('#!/bin/sh\n');
    store.writeRecord(RECORD);
    const ended = { pid: 7, outcome: 'killed', signal: 'SIGKILL', elapsedMs: 3.5, role: null, memoryBytes: 1 } as const;
    const state = {
      ...aState(aRun({ processes: [ended] })),
      lastEnding: aRun({ error: { code: 'io', message: 'x', hint: null } }),
    };
    store.writeState(state);
    expect([store.hasScript(), store.readRecord(), store.readState()]).toEqual([true, RECORD, state]);
    expect([statSync(join(dataDir, 'guard')).mode & 0o777, statSync(store.script).mode & 0o777]).toEqual([
      0o700, 0o700,
    ]);
    expect(store.removeAll()).toHaveLength(3);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test.each(['', '{', '[]', '{"schemaVersion":2}', `{"schemaVersion":1,"name":"../../x"}`])(
    'a damaged record counts as missing: %s',
    (text) => {
      const dataDir = tempDir();
      mkdirSync(join(dataDir, 'guard'));
      for (const name of ['install.json', 'state.json']) writeFileSync(join(dataDir, 'guard', name), text);
      const store = openGuardStore(dataDir, 'linux');
      expect([store.readRecord(), store.readState()]).toEqual([undefined, undefined]);
      expect(store.removeAll()).toHaveLength(2);
    },
  );

  test('a link in place of a file is neither read nor followed', () => {
    const dataDir = tempDir();
    const target = join(dataDir, 'target');
    writeFileSync(target, JSON.stringify(RECORD));
    mkdirSync(join(dataDir, 'guard'));
    for (const name of ['install.json', 'run.sh']) symlinkSync(target, join(dataDir, 'guard', name));
    const store = openGuardStore(dataDir, 'linux');
    expect([store.readRecord(), store.hasScript()]).toEqual([undefined, false]);
    store.writeScript('new');
    store.removeAll();
    expect(readFileSync(target, 'utf8')).toBe(JSON.stringify(RECORD));
  });

  test('files of other programs in the folder stay', () => {
    const dataDir = tempDir();
    const store = openGuardStore(dataDir, 'linux');
    store.writeScript('x');
    writeFileSync(join(dataDir, 'guard', 'note'), '');
    store.removeAll();
    expect(readdirSync(join(dataDir, 'guard'))).toEqual(['note']);
  });

  test('the word that the script wrote is read, and any other text is not', () => {
    const dataDir = tempDir();
    const store = openGuardStore(dataDir, 'linux');
    mkdirSync(join(dataDir, 'guard'));
    writeFileSync(join(dataDir, 'guard', 'problem'), 'no-node\n');
    expect(store.readLaunchProblem()).toBe('no-node');
    writeFileSync(join(dataDir, 'guard', 'problem'), 'anything');
    expect(store.readLaunchProblem()).toBeUndefined();
    store.writeScript('x');
    expect(existsSync(join(dataDir, 'guard', 'problem'))).toBe(false);
  });
});

describe('the files of a scheduler', () => {
  test('missing folders are created, and a link is replaced instead of followed', () => {
    const home = tempDir();
    const path = join(home, '.config', 'systemd', 'user', 'x.timer');
    schedulerFiles.write(path, 'a');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['a', 0o644]);
    writeFileSync(join(home, 'target'), 'as it was');
    schedulerFiles.remove(path);
    symlinkSync(join(home, 'target'), path);
    schedulerFiles.write(path, 'b');
    expect(readFileSync(join(home, 'target'), 'utf8')).toBe('as it was');
    expect([schedulerFiles.remove(path), schedulerFiles.remove(path), schedulerFiles.exists(path)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('a definition in UTF-16 begins with the byte order mark that it was given', () => {
    const path = join(tempDir(), 'task.xml');
    schedulerFiles.write(path, '\ufeffä', 'utf16le');
    expect([...readFileSync(path)]).toEqual([0xff, 0xfe, 0xe4, 0x00]);
  });

  test('a path that leads through a file is an error with its path', () => {
    const home = tempDir();
    writeFileSync(join(home, '.config'), '');
    expect(() => {
      schedulerFiles.write(join(home, '.config', 'x'), 'a');
    }).toThrow(expect.objectContaining({ code: 'io' }) as Error);
  });
});
