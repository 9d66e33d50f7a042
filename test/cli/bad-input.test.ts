import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { aHome, asNobody, deadTree, living, noOtherUser, orphans, writeTreeFile } from './scene.ts';
import { errorReport } from './shapes.ts';

describe('wrong usage is exit 2 and nothing is done', () => {
  test.each<[readonly string[], RegExp]>([
    [['leaks', '--nope'], /unknown option '--nope'/],
    [['leeks'], /unknown command 'leeks'\n\(Did you mean leaks\?\)/],
    [['leaks', 'extra'], /too many arguments/],
    [['leaks', '--from'], /argument missing/],
    [['leaks', '--from', 'x', '--data-dir', '/tmp'], /cannot be used with/],
    [['reap', '--pid', 'abc'], /"abc" is not a process id/],
    [['reap', '--pid', '-5'], /unknown option|not a process id|argument missing/],
    [['reap', '--pid', '0'], /"0" is not a process id/],
    [['reap', '--pid', '1.5'], /"1.5" is not a process id/],
    [['reap', '--pid', '99999999999'], /is not a process id/],
    [['reap', '--grace', 'soon'], /"soon" is not a duration/],
    [['reap', '--older-than', '-1h'], /not a duration|argument missing/],
    [['reap', '--include', 'foreign'], /The only verdict that can be included is: excess/],
    [['snapshot', 'a', 'b'], /too many arguments/],
    [['leaks', '--data-dir', ''], /--data-dir is empty/],
    [['history', '--since', '0'], /5s at least/],
    [['logs', 'nope'], /there is no log of "nope"/],
  ])('%j', async (args, message) => {
    const { run, json } = aHome();
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^claude-mem: /);
    expect(stderr).not.toMatch(/\n {4}at /);
    const inJson = await json(args);
    expect(inJson.status).toBe(2);
    expect(inJson.report).toEqual(errorReport(args[0]!, expect.stringMatching(/^(usage|data-dir)$/) as never));
    expect(inJson.report.error.message).toMatch(message);
  });

  test('without a command: the help', async () => {
    const { status, stdout, stderr } = await aHome().run([]);
    expect(status).toBe(2);
    expect(stdout + stderr).toContain('Usage: claude-mem');
  });

  test('help on a command that there is not: the help, and why', async () => {
    const { status, stderr } = await aHome().run(['help', 'nope']);
    expect(status).toBe(2);
    expect(stderr).toContain("unknown command 'nope'");
  });

  test('reap without a terminal and without --yes', async () => {
    const { run, json, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { status, stdout, stderr } = await run(['reap']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('there is no terminal to ask in');
    expect(stderr).toContain('--yes');
    expect((await json(['reap'])).report).toEqual(errorReport('reap', 'usage'));
    expect(living(left)).toHaveLength(2);
  });
});

describe('help and version are exit 0', () => {
  test.each([['leaks'], ['reap'], ['snapshot']])('%s --help has options, examples and exit codes', async (command) => {
    const { status, stdout, stderr } = await aHome().run([command, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    for (const part of ['--json', '--data-dir', '--no-color', 'Examples:', 'Exit codes:', ' 2 '])
      expect(stdout).toContain(part);
  });

  test('--version', async () => {
    expect(await aHome().run(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as never,
    });
  });
});

describe('a data dir that is', () => {
  test('a file is exit 2', async () => {
    const { run, json, dataDir } = aHome();
    writeFileSync(dataDir, '');
    for (const args of [['leaks'], ['reap', '--yes'], ['snapshot']]) {
      const { status, stderr } = await run(args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toContain(`the data dir ${dataDir} is a file`);
    }
    expect((await json(['leaks'])).report).toEqual(errorReport('leaks', 'data-dir'));
  });

  test('below a file is exit 2', async () => {
    const { run, home } = aHome();
    writeFileSync(join(home, 'file'), '');
    expect(await run(['leaks', '--data-dir', join(home, 'file', 'x')])).toMatchObject({ status: 2 });
  });

  test('a link that leads nowhere is exit 2', async () => {
    const { run, dataDir } = aHome();
    symlinkSync('/nowhere', dataDir);
    expect(await run(['leaks'])).toMatchObject({ status: 2, stderr: expect.stringContaining('/nowhere') as never });
  });

  test.each<[string, (dataDir: string) => void, RegExp]>([
    [
      'a link that leads nowhere',
      (dataDir) => {
        symlinkSync('/nowhere', dataDir);
      },
      /is a link to \/nowhere/,
    ],
    [
      'a link to itself',
      (dataDir) => {
        symlinkSync(dataDir, dataDir);
      },
      /ELOOP/,
    ],
    [
      'a file',
      (dataDir) => {
        writeFileSync(dataDir, '');
      },
      /is a file/,
    ],
  ])('%s is exit 2 for a stop that finds nothing to end', async (_name, make, message) => {
    const { run, dataDir } = aHome();
    make(dataDir);
    const { status, stdout, stderr } = await run(['stop']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  describe.skipIf(noOtherUser() !== undefined)("another user's", () => {
    const nobody = async (args: readonly string[], home: string, extra: readonly string[] = []) => {
      chmodSync(home, 0o755);
      return runProgram('env', [...extra, ...asNobody(), ...args], { home, cwd: '/' });
    };

    test('and closed: leaks and snapshot could not look, reap may not act', async () => {
      const { home, dataDir } = aHome();
      mkdirSync(dataDir, { mode: 0o700 });
      for (const args of [['leaks'], ['snapshot'], ['reap', '--dry-run']]) {
        const { status, stdout, stderr } = await nobody(args, home);
        expect([args, status, stdout]).toEqual([args, 4, '']);
        expect(stderr).toContain('permission denied');
      }
      expect(JSON.parse((await nobody(['leaks', '--json'], home)).stdout)).toEqual(
        errorReport('leaks', 'manifest-unreadable'),
      );
      expect(await nobody(['reap', '--yes'], home)).toMatchObject({ status: 2 });
    });

    test('and its manifests closed: exit 4, naming them', async () => {
      const { home, dataDir } = aHome();
      const file = deadTree(dataDir);
      for (const path of [dataDir, join(dataDir, 'trees')]) chmodSync(path, 0o755);
      const { status, stdout } = await nobody(['leaks'], home);
      expect(status).toBe(4);
      expect(stdout).toContain(`${file}: cannot be read: permission denied (EACCES).`);
    });

    test('and open: leaks looks, reap does not act', async () => {
      const { home, dataDir } = aHome();
      mkdirSync(dataDir);
      chmodSync(dataDir, 0o755);
      expect(await nobody(['leaks'], home)).toMatchObject({ status: 0 });
      const { status, stderr } = await nobody(['reap', '--yes'], home);
      expect(status).toBe(2);
      expect(stderr).toContain('belongs to user id 0, but you are user id 65534');
    });

    test("for root too: no files of root in somebody's home", async () => {
      const { run, dataDir } = aHome();
      writeTreeFile(dataDir, 'x.json', 'torn');
      chownSync(dataDir, 65534, 65534);
      const { status, stderr } = await run(['reap', '--yes']);
      expect(status).toBe(2);
      expect(stderr).toContain('without sudo');
      expect(await run(['leaks'])).toMatchObject({ status: 4 });
    });
  });
});

describe('--from a file that is', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['empty', '', /is empty/],
    ['no JSON', 'hello', /is not JSON/],
    ['cut off', '{"kind":"process-snapshot","pro', /is not JSON, or is truncated/],
    ['other JSON', '{"name":"claude-mem"}', /is not a snapshot: kind: it is not "process-snapshot"/],
    ['null', 'null', /is not a snapshot/],
    ['a snapshot of a later version', '{"schemaVersion":7,"kind":"process-snapshot"}', /written by a later version/],
    ['half a snapshot', '{"schemaVersion":1,"kind":"process-snapshot"}', /is not a snapshot: takenAt/],
    ['binary', Buffer.from([0, 1, 2, 255]), /is not JSON/],
  ])('%s is exit 2', async (_, content, message) => {
    const { run, json, home } = aHome();
    const file = join(home, 'file');
    writeFileSync(file, content);
    const { status, stdout, stderr } = await run(['leaks', '--from', file]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect((await json(['leaks', '--from', file])).report).toEqual(errorReport('leaks', 'snapshot-file'));
  });

  test.each([
    ['not there', '/nowhere', 'no such file'],
    ['a folder', '/', 'it is a folder'],
  ])('%s is exit 2', async (_, file, message) => {
    const { status, stderr } = await aHome().run(['leaks', '--from', file]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
