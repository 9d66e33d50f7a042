import { resolveSettings, type Settings } from '../../../src/core/settings.ts';
import type { Check, CheckStatus, Finding } from '../../../src/operations/doctor/check.ts';
import { diagnose } from '../../../src/operations/doctor/diagnose.ts';
import type { DoctorPorts } from '../../../src/operations/ports/doctor.ts';
import type { GuardStatus } from '../../../src/operations/guard/guard-status.ts';
import { FakeMachine } from '../fake-machine.ts';
import { DATA_DIR } from '../../core/builders.ts';

type Overrides = { readonly [Port in keyof DoctorPorts]?: Partial<DoctorPorts[Port]> };

const NO_GUARD: GuardStatus = {
  ...{
    state: 'not-installed',
    isConfirmed: true,
    scheduler: null,
    everySeconds: null,
    include: [],
    installedAt: null,
    files: [],
  },
  ...{
    nextRunAt: null,
    lastRun: null,
    lastEnding: null,
    runs: 0,
    endedTotal: 0,
    problems: [],
    fix: null,
    remark: null,
    log: '',
  },
};

const GIGABYTE = 1_000_000_000;

/** A machine on which nothing is wrong and nothing runs, but for what the test says. */
export function fakePorts(overrides: Overrides = {}): DoctorPorts {
  return {
    target: {
      dataDir: DATA_DIR,
      dataDirProblem: undefined,
      version: '1.0.0',
      platform: 'linux',
      node: { version: 'v22.1.0', file: '/usr/bin/node' },
      uid: 1000,
      commandLine: (...words) => ['claude-mem', ...words].join(' '),
      ...overrides.target,
    },
    folder: {
      pathsOpenToOthers: () => [],
      strangers: () => [],
      facts: () => Promise.resolve({ uid: 1000, mode: 0o700, isWritable: true }),
      space: () => Promise.resolve({ freeBytes: 50 * GIGABYTE, freeInodes: 1_000_000, inodes: 2_000_000 }),
      networkType: () => undefined,
      ...overrides.folder,
    },
    tree: {
      observe: () => new FakeMachine().observe(),
      readSettings: () => defaultSettings(),
      askSupervisor: () => Promise.resolve(undefined),
      askHealth: () => Promise.reject(new Error('ECONNREFUSED')),
      askReady: () => Promise.reject(new Error('ECONNREFUSED')),
      isPortOpen: () => Promise.resolve(false),
      findPortProblem: () => Promise.resolve(undefined),
      findListener: () => undefined,
      ...overrides.tree,
    },
    chroma: {
      findUvx: () => ({ file: '/usr/bin/uvx' }),
      askVersion: () => Promise.resolve('uvx 0.13.9'),
      findPython: () => Promise.resolve('/usr/bin/python3'),
      arePackagesCached: () => Promise.resolve(true),
      modelProblem: () => undefined,
      modelFolder: '/home/u/.cache/chroma',
      ...overrides.chroma,
    },
    machine: {
      memory: () => undefined,
      limits: () => ({ openFiles: undefined, processes: [] }),
      safetyFeatures: () =>
        Promise.resolve({ parentDeath: true, subreaper: true, native: true, signals: 'pidfd', bootId: true }),
      sleep: () => Promise.resolve(),
      ...overrides.machine,
    },
    others: {
      hooks: () => ({ problem: undefined, hooks: [] }),
      pm2: () => undefined,
      guard: () => Promise.resolve(NO_GUARD),
      ...overrides.others,
    },
    logs: { lastLines: () => new Map(), ...overrides.logs },
  };
}

function defaultSettings(env: Readonly<Record<string, string>> = {}): Settings {
  return resolveSettings({ env, config: {}, configFile: '' }).settings;
}

/** The finding of one check on such a machine, regardless of the checks that it needs. */
export async function findingOf(check: Check, overrides: Overrides = {}): Promise<Finding & { status: CheckStatus }> {
  const alone = { ...check, needs: [] };
  const [result] = await diagnose([alone], fakePorts(overrides));
  if (result === undefined) throw new Error('no result');
  return { status: result.status, detail: result.detail, ...(result.fix === null ? {} : { fix: result.fix }) };
}
