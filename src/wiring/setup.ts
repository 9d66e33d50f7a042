import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { terminateTree } from '../operations/terminate/terminate-tree.ts';
import { loadPlatform } from '../platform/index.ts';
import { createFileLog } from '../shared/log.ts';
import { ensureDataDir } from '../state/files/data-dir.ts';
import { readSettings } from '../state/settings/settings.ts';
import { openTreeStore } from '../state/trees/trees.ts';
import { loadAdapters } from './services.ts';
import { StandaloneTree } from '../operations/tree/standalone-tree.ts';
import { setUpChroma } from '../chroma/setup/setup.ts';
import type { SetupOptions, SetupStep } from '../chroma/setup/step.ts';

/** Grace period for the processes of an interrupted step, in milliseconds. */
const GRACE_MS = 2_000;

/**
 * Prepares semantic search for a data dir. This process is the root of a tree, so its child processes are recorded and marked.
 * @throws ClaudeMemError `data-dir`, `not-owner`, `settings`, `io`.
 */
export async function runSetup(
  target: { readonly dataDir: string },
  options: SetupOptions,
): Promise<readonly SetupStep[]> {
  const dataDir = ensureDataDir(target.dataDir, (await loadPlatform()).accessLists);
  const log = createFileLog(join(dataDir, 'logs', 'setup.log'), { role: 'setup' });
  const { own, clock, processPorts, takeReading, signaller } = await loadAdapters(dataDir, log);
  const treeId = randomUUID();
  const tree = new StandaloneTree({
    role: 'setup',
    treeId,
    dataDir,
    own,
    command: process.argv,
    now: () => clock.date(),
    writer: openTreeStore(dataDir),
  });
  tree.begin();
  try {
    return await setUpChroma(
      {
        dataDir,
        treeId,
        own,
        settings: readSettings(dataDir, process.env),
        env: process.env,
        constraintsFile: join(__dirname, 'chroma-constraints.txt'),
        platform: process.platform,
        processes: processPorts(tree),
        log,
      },
      options,
    );
  } finally {
    await tree.retire(async () => {
      const result = await terminateTree({ takeReading, signaller, clock }, treeId, { graceMs: GRACE_MS });
      return result.isComplete && result.remaining.length === 0;
    });
  }
}
