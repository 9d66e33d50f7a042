import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/commands/doctor/json.ts';
import { aHome } from './scene.ts';

/** The local port of a connection of this process to itself. */
async function connectedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = createConnection({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  await once(client, 'connect');
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return client.localPort!;
}

test.skipIf(process.platform !== 'linux')(
  'start and doctor agree on a port that an outgoing connection has, and offer the same command',
  async () => {
    const { run, dataDir } = aHome();
    const env = { CLAUDE_MEM_WORKER_PORT: String(await connectedPort()) };
    const here = ['--data-dir', dataDir];
    const started = await run(['start', '--no-chroma', '--json', ...here], { env });
    expect(started.status).toBe(1);
    const { error } = JSON.parse(started.stdout) as { error: Record<'code' | 'message' | 'hint', string> };
    expect(error.code).toBe('port-taken');
    const { stdout } = await run(['doctor', 'port', '--json', ...here], { env });
    const found = (JSON.parse(stdout) as DoctorReport).checks.find(({ id }) => id === 'port');
    expect(found).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(`${error.message}. This system gives the ports`) as unknown,
      fix: expect.stringMatching(/^claude-mem start --port \d+ --data-dir /) as unknown,
    });
    expect(error.hint).toContain(`Use another port: ${found!.fix!}`);
    const offered = Number(/--port (\d+)/.exec(found!.fix!)![1]);
    expect(offered).toBeLessThan(Number(env.CLAUDE_MEM_WORKER_PORT));
  },
);
