import { describe, expect, test } from 'vitest';
import { isPlaceholder, parseCommands, parseListing } from '../../../src/platform/posix/parse-ps.ts';
import { fixture } from '../fixture.ts';

const linux = parseListing(fixture('ps/linux-listing.txt'));
const macos = parseListing(fixture('ps/macos-listing.txt'));
const find = (listing: typeof linux, pid: number) => listing.processes.find((listed) => listed.pid === pid);

describe('the listing', () => {
  test('parses every column', () => {
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

  test('parses every line', () => {
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
  ])('reads the whole name of %i: %s', (pid, name) => {
    expect(find(linux, pid)?.name).toBe(name);
  });

  test.each([
    [611, 'Electron'],
    [84109, 'python3.13'],
    [84120, 'sh'],
  ])('uses the file name from the path that macOS gives for %i: %s', (pid, name) => {
    expect(find(macos, pid)?.name).toBe(name);
  });

  test('keeps a zombie without a start', () => {
    expect(find(macos, 84120)).toMatchObject({ state: 'Z', startedAt: '1970-01-01T00:00:00.000Z' });
  });

  test('reads the negative uid of macOS as getuid() returns it', () => {
    expect(find(macos, 310)?.uid).toBe(4_294_967_294);
  });

  test('reads the state U of macOS as D', () => {
    expect(find(macos, 84109)?.state).toBe('D');
  });

  test('reports the pid of a truncated line', () => {
    expect(parseListing('  12     1    12  1000 Ss  13')).toEqual({ processes: [], unparsed: [12], complete: true });
  });

  test('the listing is incomplete with a line without a pid', () => {
    expect(parseListing('error: something').complete).toBe(false);
  });
});

describe('the command lines', () => {
  const commands = parseCommands(fixture('ps/macos-commands.txt'));

  test('command lines are kept unchanged, with start and state', () => {
    expect(commands.get(84109)).toMatchObject({
      startedAt: '2026-08-01T09:04:43.000Z',
      state: 'D',
      command:
        '/Users/ada/.cache/uv/archive-v0/Q1/bin/python /Users/ada/.cache/uv/archive-v0/Q1/bin/chroma-mcp --client-type persistent --data-dir /Users/ada/.claude-mem/chroma',
    });
  });

  test('a process without a command line has an empty one', () => {
    expect(commands.get(84130)).toMatchObject({ state: 'S', command: '' });
  });

  test('an invalid line shows only that its process exists', () => {
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
])('%j is a placeholder for the name %s: %s', (command, name, expected) => {
  expect(isPlaceholder(command, name)).toBe(expected);
});

test.each(['\u2028', '\r', '\u2029'])('parses a name or command line that contains %j', (character) => {
  const listed = `8123 1 8123 501 S 100 Sat Aug  1 09:04:43 2026 a${character}b`;
  expect(parseListing(listed)).toMatchObject({ processes: [{ name: `a${character}b` }], unparsed: [], complete: true });
  const command = parseCommands(`8123 S Sat Aug  1 09:04:43 2026 uv a${character}b`).get(8123);
  expect(command).toMatchObject({ state: 'S', command: `uv a${character}b`, isCut: false });
});

test('a line that ends with NUL has a cut command line', () => {
  const command = parseCommands(`8123 S Sat Aug  1 09:04:43 2026 uv xxx\0`).get(8123);
  expect(command).toMatchObject({ command: 'uv xxx', isCut: true });
});
