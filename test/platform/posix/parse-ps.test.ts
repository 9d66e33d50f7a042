import { describe, expect, test } from 'vitest';
import { isPlaceholder, parseCommands, parseListing } from '../../../src/platform/posix/parse-ps.ts';
import { fixture } from '../fixture.ts';

const linux = parseListing(fixture('ps/linux-listing.txt'));
const macos = parseListing(fixture('ps/macos-listing.txt'));
const find = (listing: typeof linux, pid: number) => listing.processes.find((listed) => listed.pid === pid);

describe('the listing', () => {
  test('gives every column its meaning', () => {
    expect(find(linux, 8123)).toEqual({
      pid: 8123,
      ppid: 8110,
      pgid: 8110,
      uid: 1000,
      state: 'S',
      rssBytes: 42_880 * 1024,
      startedAt: '2026-08-01T09:04:43.000Z',
      name: 'uv',
    });
  });

  test('leaves no line out', () => {
    expect(linux).toMatchObject({ complete: true, unparsed: [] });
    expect(linux.processes).toHaveLength(11);
    expect(macos).toMatchObject({ complete: true, unparsed: [] });
    expect(macos.processes).toHaveLength(7);
  });

  test.each([
    [8200, 'a b) (c 12 34'],
    [907, '(sd-pam)'],
    [9, 'kworker/0:0-virtio_vsock'],
    [8201, 'sh'],
  ])('reads the name of %i to the end: %s', (pid, name) => {
    expect(find(linux, pid)?.name).toBe(name);
  });

  test.each([
    [611, 'Electron'],
    [84109, 'python3.13'],
    [84120, 'sh'],
  ])('takes the file name of the path macOS gives for %i: %s', (pid, name) => {
    expect(find(macos, pid)?.name).toBe(name);
  });

  test('keeps a zombie whose start the system has forgotten', () => {
    expect(find(macos, 84120)).toMatchObject({ state: 'Z', startedAt: '1970-01-01T00:00:00.000Z' });
  });

  test('reads the negative user of macOS as getuid() gives it', () => {
    expect(find(macos, 310)?.uid).toBe(4_294_967_294);
  });

  test('calls uninterruptible D on macOS too', () => {
    expect(find(macos, 84109)?.state).toBe('D');
  });

  test('names the pid of a line that was cut off', () => {
    expect(parseListing('  12     1    12  1000 Ss  13')).toEqual({ processes: [], unparsed: [12], complete: true });
  });

  test('is not complete with a line that gives not even a pid', () => {
    expect(parseListing('error: something').complete).toBe(false);
  });
});

describe('the command lines', () => {
  const commands = parseCommands(fixture('ps/macos-commands.txt'));

  test('are kept as they stand, with start and state', () => {
    expect(commands.get(84109)).toMatchObject({
      startedAt: '2026-08-01T09:04:43.000Z',
      state: 'D',
      command:
        '/Users/ada/.cache/uv/archive-v0/Q1/bin/python /Users/ada/.cache/uv/archive-v0/Q1/bin/chroma-mcp --client-type persistent --data-dir /Users/ada/.claude-mem/chroma',
    });
  });

  test('are empty where there is none', () => {
    expect(commands.get(84130)).toMatchObject({ state: 'S', command: '' });
  });

  test('say of a line that makes no sense only that its process is there', () => {
    expect(parseCommands('77 what').get(77)).toMatchObject({ startedAt: undefined, state: undefined, command: '' });
  });
});

test.each([
  ['', 'uv', true],
  ['[kthreadd]', 'kthreadd', true],
  ['[sh] <defunct>', 'sh', true],
  ['(sh)', 'sh', true],
  ['(sd-pam)', '(sd-pam)', false],
  ['[sh] -c x', 'sh', false],
  ['uv tool uvx', 'uv', false],
])('whether ps made %j of %s up: %s', (command, name, expected) => {
  expect(isPlaceholder(command, name)).toBe(expected);
});

test.each(['\u2028', '\r', '\u2029'])('a name or command line with %j is a row like any other', (character) => {
  const listed = `8123 1 8123 501 S 100 Sat Aug  1 09:04:43 2026 a${character}b`;
  expect(parseListing(listed)).toMatchObject({ processes: [{ name: `a${character}b` }], unparsed: [], complete: true });
  const command = parseCommands(`8123 S Sat Aug  1 09:04:43 2026 uv a${character}b`).get(8123);
  expect(command).toMatchObject({ state: 'S', command: `uv a${character}b`, isCut: false });
});

test('a line that ends with NUL was cut: its command line is a beginning', () => {
  const command = parseCommands(`8123 S Sat Aug  1 09:04:43 2026 uv xxx\0`).get(8123);
  expect(command).toMatchObject({ command: 'uv xxx', isCut: true });
});
