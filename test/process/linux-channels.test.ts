import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, vi } from 'vitest';
import type { Channels } from '../../src/core/process/channels.ts';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { readChannels, type ReadChannelsOptions } from '../../src/platform/linux/channels/read-channels.ts';
import { type Libc, loadLibc } from '../../src/platform/linux/libc.ts';
import { cleanEnvironment, endChild, useChildren, WATCHDOG_SECONDS } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { useTempDir } from '../helpers/temp-dir.ts';
import { linuxTest } from './linux-places.ts';

const children = useChildren();
const directory = useTempDir();
const SLEEP = `exec sleep ${WATCHDOG_SECONDS}`;

/** Node.js and Bun connect a child by socket pairs. */
function startWithSockets() {
  return children.start('sh', ['-c', SLEEP], { stdio: ['pipe', 'pipe', 'ignore'], env: cleanEnvironment() });
}

/** Python and shells connect a child by pipes. The parent holds the other ends until it gets a line for each. */
const PIPE_PARENT = `
import subprocess, sys
child = subprocess.Popen(['sleep', '${WATCHDOG_SECONDS}'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.pid, flush=True)
for line in sys.stdin:
    getattr(child, line.strip()).close()
    print('closed', flush=True)
child.kill()
`;

async function startWithPipes() {
  const parent = children.start('python3', ['-c', PIPE_PARENT], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  });
  const answers = lines(parent);
  const pid = Number(await answers());
  children.endLater(pid);
  const close = async (stream: 'stdin' | 'stdout') => {
    parent.stdin?.write(`${stream}\n`);
    expect(await answers()).toBe('closed');
  };
  return { pid, close, parent };
}

function lines(child: ChildProcess): () => Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () =>
    eventually('a line of output', () => {
      const end = text.indexOf('\n');
      if (end < 0) return undefined;
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return line;
    });
}

function rowOf(pid: number): ProcessRow {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return { pid, ppid: 1, startedAt: '2026-01-01T00:00:00.000Z', name: 'sleep', command: 'sleep', startTicks };
}

async function channelsOf(pid: number, options?: ReadChannelsOptions): Promise<Channels | undefined> {
  return (await readChannels([rowOf(pid)], options)).get(pid);
}

const seen = (pid: number, expected: Channels, options?: ReadChannelsOptions) =>
  eventually('the channels', async () => {
    const channels = await channelsOf(pid, options);
    return JSON.stringify(channels) === JSON.stringify(expected) ? channels : undefined;
  });

const WAYS: readonly { readonly way: string; readonly options: ReadChannelsOptions }[] = [
  { way: 'through netlink', options: {} },
  { way: 'through ss', options: { libc: null } },
];

describe.each(WAYS)('channels of socket pairs, read $way', ({ options }) => {
  linuxTest('are open while the parent holds them', async () => {
    const { pid } = startWithSockets();
    expect(await channelsOf(pid, options)).toEqual({ stdin: 'open', stdout: 'open' });
  });

  linuxTest('show a closed stdin under a live parent', async () => {
    const child = startWithSockets();
    child.stdin?.end();
    await seen(child.pid, { stdin: 'closed', stdout: 'open' }, options);
  });

  linuxTest('are closed once the parent is dead', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn('sleep', ['${WATCHDOG_SECONDS}'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
      console.log(child.pid);
      process.stdin.resume();`;
    const parent = children.start(process.execPath, ['-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: cleanEnvironment(),
    });
    const pid = Number(await lines(parent)());
    children.endLater(pid);
    expect(await channelsOf(pid, options)).toEqual({ stdin: 'open', stdout: 'open' });
    await endChild(parent);
    await seen(pid, { stdin: 'closed', stdout: 'closed' }, options);
  });

  linuxTest('are open while another process holds the other end', async () => {
    const child = startWithSockets();
    const holder = children.start('sh', ['-c', SLEEP], {
      stdio: [child.stdin!, 'ignore', 'ignore'],
      env: cleanEnvironment(),
    });
    child.stdin?.destroy();
    expect((await channelsOf(child.pid, options))?.stdin).toBe('open');
    await endChild(holder);
    await seen(child.pid, { stdin: 'closed', stdout: 'open' }, options);
  });
});

/** Runs as a server without a program of its own: its stdin and stdout are a connection that no server has accepted yet. */
const UNACCEPTED = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
os.set_inheritable(listener.fileno(), True)
os.dup2(client.fileno(), 0)
print('connected', flush=True)
os.dup2(client.fileno(), 1)
os.execvp('sleep', ['sleep', '${WATCHDOG_SECONDS}'])
`;

describe.each(WAYS)('channels of sockets, read $way', ({ options }) => {
  linuxTest('are not closed while the server has not accepted the connection', async () => {
    const child = children.start('python3', ['-c', UNACCEPTED, `${directory()}/listener.sock`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: cleanEnvironment(),
    });
    expect(await lines(child)()).toBe('connected');
    await eventually('the connection as stdout', () =>
      readlinkSync(`/proc/${child.pid}/fd/1`) === readlinkSync(`/proc/${child.pid}/fd/0`) ? true : undefined,
    );
    expect(await channelsOf(child.pid, options)).toEqual({ stdin: 'unknown', stdout: 'unknown' });
  });
});

linuxTest('sockets are not closed because ss reads a file without peers', async () => {
  const child = startWithSockets();
  vi.stubEnv('PROC_NET_UNIX', '/proc/net/unix');
  try {
    expect((await channelsOf(child.pid, { libc: null }))?.stdin).not.toBe('closed');
  } finally {
    vi.unstubAllEnvs();
  }
});

linuxTest('reading channels again declares no native function again', async () => {
  const { pid: sockets } = startWithSockets();
  const { pid: pipes } = await startWithPipes();
  const libc = loadLibc();
  const func = vi.fn((prototype: string): unknown => libc!.handle.func(prototype));
  const handle = { ...libc!.handle, func } as unknown as Libc['handle'];
  const options = { libc: { ...libc!, handle } };
  for (let reading = 0; reading < 3; reading++) await readChannels([rowOf(sockets), rowOf(pipes)], options);
  const prototypes = func.mock.calls.map(([prototype]) => prototype);
  expect(prototypes).toHaveLength(new Set(prototypes).size);
  expect(prototypes.length).toBeGreaterThan(0);
});

describe('channels of pipes', () => {
  linuxTest('are open while the parent holds them, and closed one by one', async () => {
    const { pid, close } = await startWithPipes();
    expect(await channelsOf(pid)).toEqual({ stdin: 'open', stdout: 'open' });
    await close('stdin');
    expect(await channelsOf(pid)).toEqual({ stdin: 'closed', stdout: 'open' });
    await close('stdout');
    expect(await channelsOf(pid)).toEqual({ stdin: 'closed', stdout: 'closed' });
  });

  linuxTest('keep every byte that the client has written', async () => {
    const child = children.start(
      'python3',
      ['-c', 'import subprocess; subprocess.run(["sh", "-c", "read go; cat"], input=b"go\\n" + b"x" * 60000)'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: cleanEnvironment(),
      },
    );
    let length = 0;
    child.stdout?.on('data', (chunk: Buffer) => (length += chunk.length));
    await channelsOf(child.pid);
    await once(child, 'close');
    expect(length).toBe(60_000);
  });

  linuxTest('are unknown without native calls', async () => {
    const { pid } = await startWithPipes();
    expect(await channelsOf(pid, { libc: null })).toEqual({ stdin: 'unknown', stdout: 'unknown' });
  });
});

describe('channels', () => {
  linuxTest('that are files, terminals or named pipes are unknown', async () => {
    const file = `${directory()}/file`;
    writeFileSync(file, '');
    const { pid } = children.start('sh', ['-c', `exec <${file} >${file}; ${SLEEP}`], {
      stdio: 'ignore',
      env: cleanEnvironment(),
    });
    expect(await channelsOf(pid)).toEqual({ stdin: 'unknown', stdout: 'unknown' });
  });

  linuxTest('of a reused pid are unknown', async () => {
    const { pid } = startWithSockets();
    const other = { ...rowOf(pid), startTicks: 1 };
    expect((await readChannels([other])).get(pid)).toEqual({ stdin: 'unknown', stdout: 'unknown' });
  });

  linuxTest('of a process that has ended are unknown', async () => {
    const child = startWithSockets();
    const row = rowOf(child.pid);
    await endChild(child);
    expect((await readChannels([row])).get(row.pid)).toEqual({ stdin: 'unknown', stdout: 'unknown' });
  });
});
