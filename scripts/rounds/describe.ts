import type { Action, CommandStrike, RoundPlan } from './plan.ts';

/** A plan in words, one line per step. */
export function describePlan(plan: RoundPlan): readonly string[] {
  const where = [
    plan.inNamespace ? 'in a pid namespace' : 'here',
    plan.onSmallDisk ? 'on a small disk' : 'in a folder',
    plan.chroma === 'off' ? 'without Chroma' : `with ${plan.chroma === 'real' ? 'the real' : 'a stand-in'} Chroma`,
  ];
  return [
    `round ${plan.number} of seed ${plan.seed}: ${where.join(', ')}`,
    ...plan.steps.map((step, index) => `  ${index + 1}. ${step.map(describeAction).join('; ')}`),
    `  ${plan.steps.length + 1}. ${ending(plan).join('; ')}`,
  ];
}

function ending({ healsBeforeStop, drains }: RoundPlan): readonly string[] {
  const first = healsBeforeStop ? ['put in order', 'stop'] : ['stop', 'put in order', 'stop'];
  return [...first, 'reap --yes', ...(drains ? ['start', 'stop'] : [])];
}

export function describeAction(action: Action): string {
  return `${whatHappens(action)}${action.atMs === 0 ? '' : ` at ${action.atMs} ms`}`;
}

function whatHappens(action: Action): string {
  switch (action.kind) {
    case 'run':
      return `${action.command}${action.losesOutput === true ? ' > /dev/full' : ''}${describeStrike(action.strike)}`;
    case 'hook':
      return `hook ${action.event}${describeStrike(action.strike)}`;
    case 'strike':
      return `${action.signal} to ${action.target}${thaw(action.thawAfterMs)}`;
    case 'store':
      return `store ${action.count}`;
    case 'damage':
      return `damage ${action.file} (${action.how}, ${action.dice})`;
    case 'disk':
      return `disk ${action.to}${action.to === 'full' ? ` but for ${action.leaveKb} kB` : ''}`;
    case 'bystander':
      return `bystander ${action.who}`;
    case 'reuse':
      return `pid of ${action.target} to a ${action.by}`;
  }
}

function describeStrike(strike: CommandStrike | undefined): string {
  if (strike === undefined) return '';
  return ` (${strike.signal} after ${strike.afterMs} ms${thaw(strike.thawAfterMs)})`;
}

function thaw(afterMs: number | undefined): string {
  return afterMs === undefined ? '' : `, thawed ${afterMs} ms later`;
}
