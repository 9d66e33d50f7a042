import { expect, test } from 'vitest';
import { describePlan } from '../../scripts/rounds/describe.ts';
import { BYSTANDERS, DAMAGES, planRound, TARGETS, withinMeans, type Action } from '../../scripts/rounds/plan.ts';
import { Random } from '../../scripts/rounds/random.ts';

const NUMBERS = Array.from({ length: 600 }, (_, index) => index + 1);
const plans = NUMBERS.map((number) => planRound('s', number));
const actions = plans.flatMap(({ steps }) => steps.flat());
const kinds = <K extends Action['kind']>(kind: K) =>
  actions.filter((action): action is Action & { readonly kind: K } => action.kind === kind);

const ALL = { isRoot: true, canMount: true, hasNamespaces: true, hasChroma: true };
const NONE = { isRoot: false, canMount: false, hasNamespaces: false, hasChroma: false };

test('the same seed and number give the same plan; another seed or number gives another plan', () => {
  expect(planRound('s', 7)).toEqual(plans[6]);
  expect(planRound('t', 7).steps).not.toEqual(plans[6]?.steps);
  expect(planRound('s', 8).steps).not.toEqual(plans[6]?.steps);
});

test('the plan of a seed never changes, so that recorded failures can be repeated', () => {
  expect(describePlan(planRound('2026-11-28', 3)).join('\n')).toMatchInlineSnapshot(`
    "round 3 of seed 2026-11-28: here, in a folder, with a stand-in Chroma
      1. start
      2. store 2 at 64 ms; damage holder (removed, 9630); stop at 20 ms
      3. start (SIGKILL after 475 ms) at 47 ms; reap at 138 ms
      4. put in order; stop; reap --yes; start; stop"
  `);
});

test('every eighth round uses real Chroma', () => {
  const real = plans.filter(({ chroma }) => chroma === 'real').map(({ number }) => number);
  expect(real).toEqual(NUMBERS.filter((number) => number % 8 === 0));
});

test('six hundred rounds contain every target, signal, unrelated process, damage, disk fault and command', () => {
  const struck = new Set(kinds('strike').map(({ target, signal }) => `${target} ${signal}`));
  for (const target of TARGETS) {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGSTOP']) expect(struck).toContain(`${target} ${signal}`);
  }
  expect(new Set(kinds('bystander').map(({ who }) => who))).toEqual(new Set(BYSTANDERS));
  const damaged = Object.entries(DAMAGES).flatMap(([file, hows]) => hows.map((how) => `${file} ${how}`));
  expect(new Set(kinds('damage').map(({ file, how }) => `${file} ${how}`))).toEqual(new Set(damaged));
  expect(new Set(kinds('disk').map(({ to }) => to))).toEqual(new Set(['full', 'free', 'closed', 'open']));
  const commands = kinds('run').filter(({ strike }) => strike !== undefined);
  const struckCommands = new Set(commands.map(({ command }) => command));
  for (const command of ['start', 'stop', 'restart', 'reap', 'status']) expect(struckCommands).toContain(command);
  expect(new Set(kinds('hook').map(({ event }) => event))).toEqual(new Set(['session-start', 'prompt', 'tool']));
  expect(kinds('reuse').length).toBeGreaterThan(0);
  expect(plans.some(({ steps }) => steps.some((step) => step.filter(({ kind }) => kind === 'run').length >= 4))).toBe(
    true,
  );
});

test('every frozen command is resumed, so that a round ends', () => {
  const strikes = actions.flatMap((action) => ('strike' in action ? [action.strike] : []));
  for (const { signal, thawAfterMs } of strikes) expect(thawAfterMs !== undefined).toBe(signal === 'SIGSTOP');
});

test('pids are reused only in a pid namespace, and only a small disk is filled', () => {
  for (const plan of plans) {
    const has = (isOne: (action: Action) => boolean) => plan.steps.flat().some(isOne);
    if (!plan.inNamespace) expect(has(({ kind }) => kind === 'reuse')).toBe(false);
    if (!plan.onSmallDisk) expect(has((action) => action.kind === 'disk' && action.to === 'full')).toBe(false);
  }
});

test('a machine with all capabilities runs the plan unchanged', () => {
  for (const plan of plans) expect(withinMeans(plan, ALL)).toEqual(plan);
});

test('without root, steps that need it are left out, and no step is empty', () => {
  for (const plan of plans.map((whole) => withinMeans(whole, NONE))) {
    expect([plan.inNamespace, plan.onSmallDisk, plan.chroma === 'real']).toEqual([false, false, false]);
    const left = plan.steps.flat();
    expect(left.some(({ kind }) => kind === 'reuse')).toBe(false);
    expect(left.some((action) => action.kind === 'bystander' && action.who === 'other-user')).toBe(false);
    expect(left.some((action) => action.kind === 'disk' && action.to === 'full')).toBe(false);
    expect(plan.steps.every((step) => step.length > 0)).toBe(true);
  }
});

test('a choice is made in proportion to its weight, and never with weight 0', () => {
  const random = new Random('weights');
  const counts = { often: 0, seldom: 0, never: 0 };
  for (let draw = 0; draw < 10_000; draw += 1) counts[random.weighted({ often: 9, seldom: 1, never: 0 })] += 1;
  expect(counts.never).toBe(0);
  expect(counts.often / counts.seldom).toBeGreaterThan(7);
  expect(counts.often / counts.seldom).toBeLessThan(12);
});
