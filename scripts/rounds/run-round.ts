import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_MARK } from '../../test/helpers/run-mark.ts';
import { describePlan } from './describe.ts';
import type { RoundPlan } from './plan.ts';
import { playRound, type RoundResult } from './player.ts';
import { Scene, type RealChroma } from './scene.ts';

export interface RoundOrder {
  readonly plan: RoundPlan;
  /** Mark and folder of the whole run. */
  readonly run: string;
  readonly folder: string;
  readonly real: RealChroma | undefined;
  /** Destination of logs; undefined: none. */
  readonly keepIn: string;
  readonly keeps: boolean;
}

const NEW_NAMESPACE = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

/** Plays a round where its plan says. Once `over` is aborted, nothing more is started, mounted or kept. */
export async function runRound(order: RoundOrder, over: AbortSignal): Promise<RoundResult> {
  over.throwIfAborted();
  return order.plan.inNamespace ? runInNamespace(order) : runHere(order, over);
}

/** Plays it in this pid namespace. */
export async function runHere(order: RoundOrder, over: AbortSignal): Promise<RoundResult> {
  const { plan, run } = order;
  const folder = join(order.folder, String(plan.number));
  mkdirSync(folder, { recursive: true });
  const scene = await Scene.open(plan, { folder, mark: `${run}/${plan.number}`, real: order.real, over });
  let result: RoundResult | undefined;
  try {
    result = await playRound(plan, scene);
    return result;
  } finally {
    scene.endEverybody();
    const isWorthKeeping = order.keeps || result === undefined || result.violations.length > 0;
    if (isWorthKeeping && !over.aborted) keep(order, scene, result);
    scene.disk.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** A shell is the first process of the namespace: it adopts the orphans and waits for them. */
async function runInNamespace(order: RoundOrder): Promise<RoundResult> {
  const [task, answer] = ['task', 'answer'].map((name) => join(order.folder, `${order.plan.number}.${name}`));
  if (task === undefined || answer === undefined) throw new Error('unreachable');
  writeFileSync(task, JSON.stringify(order));
  const inside = fileURLToPath(new URL('inside.ts', import.meta.url));
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), inside, task, answer];
  const child = spawn('unshare', [...NEW_NAMESPACE, 'sh', '-c', '"$@"; exit $?', 'sh', ...node], {
    env: { ...process.env, [RUN_MARK]: order.run },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (!existsSync(answer))
    return { violations: [`the runner in the namespace ended with ${code ?? 'a signal'}`], log: [] };
  return JSON.parse(readFileSync(answer, 'utf8')) as RoundResult;
}

function keep({ plan, keepIn }: RoundOrder, { dataDir }: Scene, result: RoundResult | undefined): void {
  const folder = join(keepIn, `${plan.seed.replaceAll(/[^\w.-]/g, '_')}-${plan.number}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const lines = [...describePlan(plan), '', ...(result?.violations ?? []), '', ...(result?.log ?? [])];
  writeFileSync(join(folder, 'round.txt'), `${lines.join('\n')}\n`);
  for (const name of ['logs', 'trees', 'spool']) {
    const from = join(dataDir, name);
    if (existsSync(from)) cpSync(from, join(folder, name), { recursive: true });
  }
}
