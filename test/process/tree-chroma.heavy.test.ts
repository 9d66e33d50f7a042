// The tree with the real uvx and chroma-mcp: process counts as users take them, and every kind of death during a
// session.
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { describeWithChroma, linkModel, type AvailableStack } from '../helpers/semantic-stack.ts';
import { createTempDir } from '../helpers/temp-dir.ts';
import { hasParentDeath, pathWithoutSetpriv } from './parent-death.ts';
import { copyOfProgram, kill, TestTree, type TreeOptions } from './tree-harness.ts';

const AT_REST = ['search', 'supervisor', 'worker'];
const IN_SESSION = ['python', 'search', 'supervisor', 'uv', 'worker'];

describeWithChroma('a tree with the real Chroma', (stack) => {
  test('process counts return to the baseline, and observations are found by meaning before and after', async () => {
    const tree = await treeWith(stack);
    await tree.start();
    const baseline = tree.psCount();
    expect(baseline).toBeLessThanOrEqual(1);
    expect(tree.roles()).toEqual(AT_REST);

    await beginSession(tree);
    await expectFoundByMeaning(tree);
    expect(tree.psCount() - baseline).toBeGreaterThanOrEqual(2);
    expect(tree.psCount() - baseline).toBeLessThanOrEqual(3);
    const { report } = await tree.json(['status']);
    expect(report.processes.map(({ role }) => role)).toEqual(
      expect.arrayContaining(['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-sync']),
    );
    expect(report.search.mode).toBe('semantic');

    const before = tree.members();
    expect((await tree.json(['restart'])).report.ok).toBe(true);
    expect(before.filter(isAlive)).toEqual([]);
    await eventually('the count is back at the baseline', () => tree.psCount() === baseline, { withinMs: 5_000 });
    await expectFoundByMeaning(tree);
    await tree.stop();
    expect(tree.psCount()).toBe(0);
  });

  test('deaths during a session lose no acknowledged data and leave no stray process', async () => {
    const tree = await treeWith(stack);
    await tree.start();
    const session = await beginSession(tree);
    for (const role of ['python', 'uv', 'search', 'worker']) {
      await tree.expectRoles(IN_SESSION, 60_000);
      const title = `before the death of ${role}`;
      await tree.observe(session, title, `something worth remembering, ${role}`);
      const member = await tree.memberOnceThere(role);
      const { pid } = member;
      kill(member);
      await eventually(`the ${role} is gone`, () => !tree.members().some((member) => member.pid === pid));
      await eventually(
        'the tree is complete again and finds it',
        async () => {
          expect((await tree.search(title)).titles).toContain(title);
          expect(tree.roles()).toEqual(IN_SESSION);
          return true;
        },
        { withinMs: 60_000, dump: () => ({ members: tree.members(), log: tree.log() }) },
      );
      await expectNoLeaks(tree);
    }
    const supervisor = tree.member('supervisor');
    kill(supervisor);
    await tree.expectRoles([]);
  });

  test.skipIf(!hasParentDeath())(
    'worker and supervisor killed together leave no Chroma after 1 s (needs the setpriv of util-linux)',
    async () => {
      const tree = await treeWith(stack);
      await tree.start();
      await beginSession(tree);
      await tree.expectRoles(IN_SESSION, 60_000);
      const [supervisor, worker] = [tree.member('supervisor'), tree.member('worker')];
      kill(supervisor);
      kill(worker);
      await eventually('no Chroma is left', () => tree.psCount() === 0, {
        withinMs: 1_000,
        dump: () => tree.members(),
      });
      await tree.expectRoles([]);
    },
  );

  test('worker and supervisor killed without koffi and setpriv leave a Chroma, which the next start ends', async () => {
    const tree = await treeWith(stack, {
      cli: copyOfProgram({ koffi: false }),
      path: pathWithoutSetpriv(stack.env.PATH),
    });
    await tree.start();
    const session = await beginSession(tree);
    await tree.expectRoles(IN_SESSION, 60_000);
    await tree.observe(session, 'acknowledged', 'written just before the crash');

    // Only the worker: the supervisor ends the leftovers of that generation.
    const pair = tree.members().filter(({ role }) => role === 'uv' || role === 'python');
    kill(tree.member('worker'));
    await eventually('the old pair is gone', () => !pair.some(isAlive), { withinMs: 5_000 });
    await eventually('the next worker finds it', async () => (await tree.search('acknowledged')).titles.length > 0);
    await tree.expectRoles(IN_SESSION, 60_000);

    const [supervisor, worker] = [tree.member('supervisor'), tree.member('worker')];
    const left = tree.members().filter(({ role }) => role === 'uv' || role === 'python');
    kill(supervisor);
    kill(worker);
    await tree.expectRoles(['uv', 'python']);
    const leaks = JSON.parse((await tree.run(['leaks', '--json'])).stdout) as { summary: { orphans: number } };
    expect(leaks.summary.orphans).toBe(2);
    const { ended } = await tree.start();
    expect(ended.map(({ pid }) => pid).sort()).toEqual(left.map(({ pid }) => pid).sort());
    expect(left.some(isAlive)).toBe(false);
    expect((await tree.search('acknowledged')).titles).toEqual(['acknowledged']);
  });
});

async function treeWith(
  stack: AvailableStack,
  { path, ...options }: TreeOptions & { readonly path?: string } = {},
): Promise<TestTree> {
  const home = createTempDir();
  onTestFinished(() => {
    home.remove();
  });
  linkModel(stack, home.path);
  return TestTree.create({
    ...options,
    home: home.path,
    // The home belongs to this tree, not to the stack.
    env: { ...stack.env, HOME: home.path, ...(path === undefined ? {} : { PATH: path }) },
  });
}

/** Opens a session with an observation; Chroma starts with the first one. */
async function beginSession(tree: TestTree): Promise<string> {
  const session = await tree.session();
  await tree.observe(session, 'slow query', 'the database query was slow because an index was missing');
  await tree.observe(session, 'a cat', 'a cat slept on the sofa');
  return session;
}

async function expectFoundByMeaning(tree: TestTree): Promise<void> {
  await eventually(
    'it is found by meaning',
    async () => {
      const { mode, titles } = await tree.search('sql performance problem');
      return mode === 'semantic' && titles[0] === 'slow query';
    },
    { withinMs: 60_000, dump: () => tree.log() },
  );
}

async function expectNoLeaks(tree: TestTree): Promise<void> {
  await eventually('there are no leaks', async () => {
    const { stdout } = await tree.run(['leaks', '--json']);
    const { summary } = JSON.parse(stdout) as { summary: Record<string, number> };
    expect(summary).toMatchObject({ orphans: 0, excess: 0 });
    return true;
  });
}
