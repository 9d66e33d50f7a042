import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredIdentity } from '../../src/core/tree/manifest.ts';
import type { Clock } from '../../src/operations/ports/process.ts';
import type { Registration } from '../../src/operations/ports/tree.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import type { ChromaDependencies } from '../../src/chroma/dependencies.ts';
import { acquireLock } from '../../src/state/locks/lock.ts';
import { runMark } from '../helpers/run-mark.ts';

export interface Harness {
  readonly dependencies: ChromaDependencies;
  readonly registered: Registration[];
  readonly ended: StoredIdentity[];
  readonly logged: string[];
  /** How often the code looked for orphans. */
  orphanPasses: number;
}

export interface HarnessOptions {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly constraintsFile: string;
  readonly settings?: Partial<ChromaDependencies['settings']>;
  readonly overrides?: Partial<ChromaDependencies>;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** The dependencies as `wiring/` assembles them, on real processes of this machine, with an inspectable record. */
export async function chromaDependencies({
  dataDir,
  env,
  constraintsFile,
  settings,
  overrides,
  clock = { now: () => performance.now(), date: () => new Date(), sleep: (ms) => sleep(ms) },
}: HarnessOptions): Promise<Harness> {
  const platform = await loadPlatform();
  const own = platform.identify(process.pid);
  if (own === undefined) throw new Error('this process cannot be identified');
  const { pid, startTicks, startedAt } = own;
  const registered: Registration[] = [];
  const ended: StoredIdentity[] = [];
  const logged: string[] = [];
  const log = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  };
  const harness: Harness = {
    registered,
    ended,
    logged,
    orphanPasses: 0,
    dependencies: {
      dataDir,
      settings: {
        chromaEnabled: true,
        chromaMode: 'local',
        chromaHost: '127.0.0.1',
        chromaPort: 8000,
        chromaSsl: false,
        chromaIdleSeconds: 0,
        pythonVersion: '>=3.10,<3.14',
        uvx: undefined,
        ...settings,
      },
      role: 'chroma-sync',
      treeId: randomUUID(),
      own: { pid, startTicks, startedAt, scope: platform.readMachine() },
      env: { ...env, ...runMark() },
      constraintsFile,
      platform: process.platform,
      processes: {
        identify: (other) => platform.identify(other),
        table: platform.table,
        signaller: platform.signaller,
        clock,
        recorder: {
          register: (registration) => {
            registered.push(registration);
            return Promise.resolve();
          },
          ended: (identity) => {
            ended.push(identity);
            return Promise.resolve();
          },
        },
      },
      vectors: {
        acquire: () =>
          acquireLock(join(dataDir, 'vectors.lock'), { waitMs: 0, holder: { pid, command: 'claude-mem test' } }),
        endOrphans: () => {
          harness.orphanPasses += 1;
          return Promise.resolve();
        },
      },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      ...overrides,
    },
  };
  return harness;
}
