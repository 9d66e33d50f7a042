import { describe, expect, test } from 'vitest';
import { runInTerminal, runProgram } from './run-cli.ts';
import { RUN_MARK } from './run-mark.ts';
import { tempDir } from './temp-dir.ts';

const node = process.execPath;

describe('runProgram', () => {
  test('runProgram returns stdout, stderr and exit code', async () => {
    const script = 'process.stdout.write("out"); process.stderr.write("err"); process.exitCode = 3';
    const result = await runProgram(node, ['-e', script], { home: tempDir() });
    expect(result).toMatchObject({ stdout: 'out', stderr: 'err', status: 3, signal: null });
  });

  test('runProgram passes only PATH, the code cache and the mark of this run from its environment', async () => {
    const home = tempDir();
    const result = await runProgram(node, ['-p', 'JSON.stringify(process.env)'], { home, env: { EXTRA: '1' } });
    expect(JSON.parse(result.stdout)).toEqual({
      PATH: process.env.PATH,
      HOME: home,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      EXTRA: '1',
      [RUN_MARK]: process.env[RUN_MARK],
    });
  });

  test('runProgram writes stdin and closes it', async () => {
    const result = await runProgram('cat', [], { home: tempDir(), stdin: 'typed' });
    expect(result.stdout).toBe('typed');
  });

  test('runProgram fails with the output so far if the program does not exit', async () => {
    const script = 'console.log("started"); setInterval(() => {}, 1000)';
    await expect(runProgram(node, ['-e', script], { home: tempDir(), timeoutMs: 1_000 })).rejects.toThrow('started');
  });
});

describe.skipIf(process.platform !== 'linux')('runInTerminal', () => {
  test('runInTerminal gives the program a terminal of the given width', async () => {
    const script = 'console.log(`${process.stdout.isTTY} ${process.stdout.columns}`); process.exitCode = 4';
    const session = runInTerminal(node, ['-e', script], { home: tempDir(), columns: 61 });
    expect(await session.ended).toEqual({ output: 'true 61\r\n', status: 4 });
  });

  test('runInTerminal sends keys, and Ctrl-C as a signal', async () => {
    const script = `process.on("SIGINT", () => { console.log("interrupted"); process.exit(130); });
      process.stdin.once("data", (line) => console.log("got " + line));`;
    const session = runInTerminal(node, ['-e', script], { home: tempDir() });
    session.type('hello\r');
    await session.waitFor('got hello');
    session.type('\x03');
    await session.waitFor(/interrupted/);
    expect((await session.ended).status).toBe(130);
  });
});
