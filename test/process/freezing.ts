import { setTimeout as sleep } from 'node:timers/promises';
import { signalIfSame, type Identity } from '../../scripts/leak/identity.mjs';
import { kill, type TestTree } from './tree-harness.ts';

/** Freezes the supervisor of a tree, runs an action meanwhile, and waits for both. */
export async function whileFrozen<T>(tree: TestTree, ms: number, act: () => Promise<T>): Promise<T> {
  const thawed = frozen(tree.member('supervisor'), ms);
  const result = await act();
  await thawed;
  return result;
}

/** Freezes a process for the given number of milliseconds. It may be ended meanwhile. */
export async function frozen(member: Identity, ms: number): Promise<void> {
  kill(member, 'SIGSTOP');
  await sleep(ms);
  signalIfSame(member, 'SIGCONT');
}
