import { Random } from './random.ts';

/** The processes of a tree that a round attacks; `uv` and `python` belong to Chroma. */
export const TARGETS = ['supervisor', 'worker', 'search', 'uv', 'python'] as const;
export type Target = (typeof TARGETS)[number];

export type CommandName = 'start' | 'stop' | 'restart' | 'reap' | 'status' | 'leaks' | 'doctor';
export type HookName = 'session-start' | 'prompt' | 'tool';
export type StrikeSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGSTOP';

/** A signal to a running command. A frozen command is always resumed. */
export interface CommandStrike {
  readonly signal: StrikeSignal;
  readonly afterMs: number;
  readonly thawAfterMs?: number;
}

export const BYSTANDERS = ['shell', 'daemon', 'editor', 'typed-chroma', 'stranger', 'backup', 'other-user'] as const;
export type BystanderKind = (typeof BYSTANDERS)[number];

export const DAMAGES = {
  manifest: ['torn', 'garbage', 'empty', 'removed', 'digit'],
  registry: ['garbage', 'claims'],
  config: ['garbage', 'torn'],
  socket: ['removed', 'folder'],
  holder: ['garbage', 'removed'],
  token: ['garbage', 'empty', 'removed'],
  spool: ['garbage', 'folder'],
  samples: ['garbage', 'removed'],
} as const;
export type DamagedFile = keyof typeof DAMAGES;

/** One event, in milliseconds after the start of its step. */
export type Action = { readonly atMs: number } & (
  | {
      readonly kind: 'run';
      readonly command: CommandName;
      readonly strike?: CommandStrike;
      readonly losesOutput?: boolean;
    }
  | { readonly kind: 'hook'; readonly event: HookName; readonly strike?: CommandStrike }
  | { readonly kind: 'strike'; readonly target: Target; readonly signal: StrikeSignal; readonly thawAfterMs?: number }
  | { readonly kind: 'store'; readonly count: number }
  | { readonly kind: 'damage'; readonly file: DamagedFile; readonly how: string; readonly dice: number }
  | { readonly kind: 'disk'; readonly to: 'full' | 'free' | 'closed' | 'open'; readonly leaveKb: number }
  | { readonly kind: 'bystander'; readonly who: BystanderKind }
  | { readonly kind: 'reuse'; readonly target: Target; readonly by: 'sleeper' | 'stranger' }
);

/** Simultaneous actions; a step ends when all of them have. */
export type Step = readonly Action[];

export interface RoundPlan {
  readonly seed: string;
  readonly number: number;
  readonly chroma: 'real' | 'stand-in' | 'off';
  /** In its own pid namespace, in which pids are reused on demand. */
  readonly inNamespace: boolean;
  /** With a small file system as data dir, so that it can be full. */
  readonly onSmallDisk: boolean;
  readonly steps: readonly Step[];
  /** Whether damaged, filled and closed resources are repaired before the last `stop`, or after it. */
  readonly healsBeforeStop: boolean;
  /** Whether a last tree stores the events that wait in the spool. */
  readonly drains: boolean;
}

/** Every this many rounds use the real Chroma. */
const REAL_EVERY = 8;

/** The plan of a round, determined only by seed and number. `withinMeans` then removes what a machine cannot do. */
export function planRound(seed: string, number: number): RoundPlan {
  const random = new Random(`${seed}/${number}`);
  const inNamespace = random.chance(20);
  const onSmallDisk = random.chance(25);
  const chroma = number % REAL_EVERY === 0 ? 'real' : random.chance(70) ? 'stand-in' : 'off';
  const context = { random, inNamespace, onSmallDisk };
  const first = firstStep(context);
  const others = Array.from({ length: random.between(1, 4) }, () => planStep(context));
  return {
    ...{ seed, number, chroma, inNamespace, onSmallDisk },
    steps: [first, ...others],
    healsBeforeStop: random.chance(40),
    drains: random.chance(30),
  };
}

export interface Means {
  /** Root enables small disks, closed folders, other users, and pid namespaces. */
  readonly isRoot: boolean;
  readonly canMount: boolean;
  readonly hasNamespaces: boolean;
  readonly hasChroma: boolean;
}

/** The plan without what this machine cannot do. */
export function withinMeans(plan: RoundPlan, means: Means): RoundPlan {
  const inNamespace = plan.inNamespace && means.hasNamespaces;
  const onSmallDisk = plan.onSmallDisk && means.canMount;
  const isPossible = (action: Action): boolean => {
    switch (action.kind) {
      case 'disk':
        return action.to === 'full' || action.to === 'free' ? onSmallDisk : !means.isRoot || means.canMount;
      case 'bystander':
        return action.who !== 'other-user' || means.isRoot;
      case 'reuse':
        return inNamespace;
      case 'run':
      case 'hook':
      case 'strike':
      case 'store':
      case 'damage':
        return true;
    }
  };
  return {
    ...plan,
    ...{ inNamespace, onSmallDisk },
    chroma: plan.chroma === 'real' && !means.hasChroma ? 'stand-in' : plan.chroma,
    steps: plan.steps.map((step) => step.filter(isPossible)).filter((step) => step.length > 0),
  };
}

interface Context {
  readonly random: Random;
  readonly inNamespace: boolean;
  readonly onSmallDisk: boolean;
}

/** Usually a running tree with data, because faults without a tree reveal little. */
function firstStep({ random }: Context): Step {
  if (random.chance(12)) return commandsAtOnce(random, ['start', 'start', 'restart', 'hook', 'stop']);
  return [{ kind: 'run', command: 'start', atMs: 0, ...(random.chance(12) ? { strike: commandStrike(random) } : {}) }];
}

const STEPS = { struck: 28, command: 12, together: 18, damage: 16, disk: 12, look: 8, work: 10 };

function planStep(context: Context): Step {
  const { random } = context;
  const work = random.chance(60) ? [workAction(random)] : [];
  const bystanders = random.chance(45) ? [bystander(random)] : [];
  return [...bystanders, ...work, ...mainActions(context)];
}

function mainActions(context: Context): Step {
  const { random } = context;
  switch (random.weighted(STEPS)) {
    case 'struck':
      return [...strikes(context), ...(random.chance(55) ? [command(random)] : [])];
    case 'command':
      return [{ ...command(random), strike: commandStrike(random) }, ...(random.chance(40) ? [command(random)] : [])];
    case 'together':
      return commandsAtOnce(random, ['start', 'stop', 'restart', 'reap', 'status', 'leaks', 'hook']);
    case 'damage':
      return [damage(random), { ...command(random), atMs: 20 }];
    case 'disk':
      return diskActions(context);
    case 'look':
      return [
        { kind: 'run', command: random.pick(LOOKS), atMs: 0, ...(random.chance(15) ? { losesOutput: true } : {}) },
      ];
    case 'work':
      return [workAction(random), workAction(random)];
  }
}

const LOOKS: readonly CommandName[] = ['status', 'leaks', 'reap', 'doctor'];
const COMMANDS = { start: 25, stop: 18, restart: 15, reap: 20, status: 10, leaks: 12 };

function command(random: Random): Action & { readonly kind: 'run' } {
  return { kind: 'run', command: random.weighted(COMMANDS), atMs: random.between(0, 150) };
}

function commandsAtOnce(random: Random, from: readonly (CommandName | 'hook')[]): Step {
  return Array.from({ length: random.between(2, 4) }, (): Action => {
    const name = random.pick(from);
    const atMs = random.chance(50) ? 0 : random.between(0, 300);
    const struck = random.chance(20) ? { strike: commandStrike(random) } : {};
    if (name === 'hook') return { kind: 'hook', event: random.pick(HOOKS), atMs, ...struck };
    return { kind: 'run', command: name, atMs, ...struck };
  });
}

const HOOKS: readonly HookName[] = ['session-start', 'prompt', 'tool', 'tool'];

function commandStrike(random: Random): CommandStrike {
  const signal = random.weighted({ SIGKILL: 45, SIGTERM: 15, SIGINT: 15, SIGSTOP: 25 });
  const afterMs = random.between(5, 900);
  return { signal, afterMs, ...(signal === 'SIGSTOP' ? { thawAfterMs: random.between(100, 2_500) } : {}) };
}

function workAction(random: Random): Action {
  const atMs = random.between(0, 200);
  if (random.chance(45)) return { kind: 'store', count: random.between(1, 4), atMs };
  const struck = random.chance(25) ? { strike: commandStrike(random) } : {};
  return { kind: 'hook', event: random.pick(HOOKS), atMs, ...struck };
}

function bystander(random: Random): Action {
  return { kind: 'bystander', who: random.pick(BYSTANDERS), atMs: random.between(0, 50) };
}

function strikes({ random, inNamespace }: Context): Step {
  return Array.from({ length: random.between(1, 3) }, (): Action => {
    const target = random.weighted({ supervisor: 28, worker: 30, search: 12, uv: 15, python: 15 });
    const atMs = random.between(0, 400);
    if (inNamespace && random.chance(45)) {
      return { kind: 'reuse', target, by: random.pick(['sleeper', 'stranger'] as const), atMs };
    }
    const signal = random.weighted({ SIGKILL: 60, SIGTERM: 15, SIGINT: 0, SIGSTOP: 25 });
    const thaws = signal === 'SIGSTOP' && random.chance(60);
    return { kind: 'strike', target, signal, atMs, ...(thaws ? { thawAfterMs: random.between(50, 3_500) } : {}) };
  });
}

function damage(random: Random): Action {
  const file = random.weighted({ ...DAMAGE_WEIGHTS });
  const how = random.pick<string>(DAMAGES[file]);
  return { kind: 'damage', file, how, dice: random.between(0, 9_999), atMs: 0 };
}

const DAMAGE_WEIGHTS = { manifest: 34, registry: 14, config: 8, socket: 12, holder: 8, token: 8, spool: 8, samples: 8 };

function diskActions({ random, onSmallDisk }: Context): Step {
  const fault = onSmallDisk && random.chance(75) ? 'full' : 'closed';
  const leaveKb = random.pick([0, 0, 4, 16, 20, 32, 48]);
  const heals = random.chance(35);
  const end = { kind: 'disk', to: fault === 'full' ? 'free' : 'open', leaveKb: 0, atMs: random.between(500, 1_500) };
  return [
    { kind: 'disk', to: fault, leaveKb, atMs: 0 },
    { ...command(random), atMs: random.between(20, 100) },
    ...(random.chance(40) ? [{ ...workAction(random), atMs: random.between(20, 300) }] : []),
    ...(random.chance(40) ? strikes({ random, inNamespace: false, onSmallDisk }) : []),
    ...(heals ? [end as Action] : []),
  ];
}
