import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { listOwnChildren } from '../../../../src/platform/linux/signal/own-children.ts';

test.skipIf(process.platform !== 'linux')(
  'lists exactly the running children of this process (needs Linux)',
  async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(child, 'spawn');
    expect(listOwnChildren()).toContain(child.pid);
    child.stdin.end();
    await once(child, 'exit');
    expect(listOwnChildren()).not.toContain(child.pid);
  },
);
