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
    [['reap', '--include', 'foreign'], /The possible values are: excess, observers/],
    [['snapshot', 'a', 'b'], /too many arguments/],
    [['leaks', '--data-dir', ''], /--data-dir is empty/],
    [['history', '--since', '0'], /Must be at least 5s/],
    [['logs', 'nope'], /there is no log of "nope"/],
    [['verify', '--'], /there is no command after --/],
    [['verify', '--reap', '--'], /there is no command after --/],
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

  test('claude-mem without a command prints the help', async () => {
    const { status, stdout, stderr } = await aHome().run([]);
    expect(status).toBe(2);
    expect(stdout + stderr).toContain('Usage: claude-mem');
  });

  test('help for an unknown command prints the help and the reason', async () => {
    const { status, stderr } = await aHome().run(['help', 'nope']);
    expect(status).toBe(2);
    expect(stderr).toContain("unknown command 'nope'");
  });

  test('reap without a terminal and without --yes exits with 2', async () => {
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

  test('--version prints the version', async () => {
    expect(await aHome().run(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as never,
    });
  });
});

describe('a data dir that is', () => {
  test('a data dir that is a file exits with 2', async () => {
    const { run, json, dataDir } = aHome();
    writeFileSync(dataDir, '');
    for (const args of [['leaks'], ['reap', '--yes'], ['snapshot']]) {
      const { status, stderr } = await run(args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toContain(`the data dir ${dataDir} is a file`);
    }
    expect((await json(['leaks'])).report).toEqual(errorReport('leaks', 'data-dir'));
  });

  test('a data dir below a file exits with 2', async () => {
    const { run, home } = aHome();
    writeFileSync(join(home, 'file'), '');
    expect(await run(['leaks', '--data-dir', join(home, 'file', 'x')])).toMatchObject({ status: 2 });
  });

  test('a data dir that is a dangling link exits with 2', async () => {
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
  ])('stop with a data dir that is %s exits with 2 if it finds no tree', async (_name, make, message) => {
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

    test('a closed data dir of another user: leaks and snapshot exit with 4, reap with 2', async () => {
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

    test('unreadable manifests of another user are named, with exit code 4', async () => {
      const { home, dataDir } = aHome();
      const file = deadTree(dataDir);
      for (const path of [dataDir, join(dataDir, 'trees')]) chmodSync(path, 0o755);
      const { status, stdout } = await nobody(['leaks'], home);
      expect(status).toBe(4);
      expect(stdout).toContain(`${file}: cannot be read: permission denied (EACCES).`);
    });

    test('an open data dir of another user: leaks reads it, reap refuses', async () => {
      const { home, dataDir } = aHome();
      mkdirSync(dataDir);
      chmodSync(dataDir, 0o755);
      expect(await nobody(['leaks'], home)).toMatchObject({ status: 0 });
      const { status, stderr } = await nobody(['reap', '--yes'], home);
      expect(status).toBe(2);
      expect(stderr).toContain('belongs to user id 0, but you are user id 65534');
    });

    test('reap as root refuses a data dir of another user', async () => {
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
    ['other JSON', '{"name":"claude-mem"}', /is not a snapshot: kind: must be "process-snapshot"/],
    ['null', 'null', /is not a snapshot/],
    ['a snapshot of a later version', '{"schemaVersion":7,"kind":"process-snapshot"}', /written by a later version/],
    ['half a snapshot', '{"schemaVersion":1,"kind":"process-snapshot"}', /is not a snapshot: takenAt/],
    ['binary', Buffer.from([0, 1, 2, 255]), /is not JSON/],
  ])('leaks --from a file that is %s exits with 2', async (_, content, message) => {
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
  ])('leaks --from a path that is %s exits with 2', async (_, file, message) => {
    const { status, stderr } = await aHome().run(['leaks', '--from', file]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
