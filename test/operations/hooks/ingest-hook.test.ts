import { describe, expect, test } from 'vitest';
import { ingestHook, type HookPorts, type HookProgress } from '../../../src/operations/hooks/ingest-hook.ts';
import { hookInput } from '../../helpers/hook-input.ts';

const AT = new Date('2026-11-25T10:00:00.000Z');

/** A machine without faults, unless a test overrides one. */
function machine(changes: Partial<HookPorts> = {}) {
  const did: string[] = [];
  const ports: HookPorts = {
    now: () => AT,
    digest: () => 'digest',
    projectOf: () => 'shop',
    sizeOf: () => 0,
    isExcluded: () => false,
    isSkippedTool: () => false,
    lastAnswer: () => undefined,
    contextCharacters: () => 6_000,
    spool: { holdsSession: () => false, add: ({ kind }) => did.push(`spooled ${kind}`) },
    deliver: ({ kind }) => {
      did.push(`delivered ${kind}`);
      return Promise.resolve();
    },
    isTreeUp: () => Promise.resolve(false),
    startTree: () => did.push('started'),
    readMemory: () => Promise.resolve({ summaries: [{ text: 'Asked: x', createdAt: AT.toISOString() }], steps: [] }),
    log: (message) => did.push(`log: ${message}`),
    ...changes,
  };
  return {
    did,
    run: (text: string, progress?: HookProgress) => ingestHook({ text, event: undefined }, ports, progress),
  };
}

const fails = () => Promise.reject(new Error('refused'));

test.each(['session-start', 'user-prompt-submit', 'post-tool-use-edit', 'stop'])(
  '%s in an excluded project stores nothing, starts nothing and gives no context',
  async (name) => {
    const { did, run } = machine({ isExcluded: ({ cwd, project }) => cwd === '/home/u/shop' && project === 'shop' });
    const progress: HookProgress = {};
    expect([await run(hookInput(name), progress), did]).toEqual([{}, []]);
    expect(progress).toEqual({ isDone: true });
  },
);

describe('delivery', () => {
  test.each(['user-prompt-submit', 'post-tool-use-edit', 'stop', 'session-end'])(
    '%s goes to the worker, silently',
    async (name) => {
      const { did, run } = machine();
      expect(await run(hookInput(name))).toEqual({});
      expect(did).toEqual([expect.stringMatching(/^delivered/)]);
    },
  );

  test('an event that the worker does not accept is spooled, and no tree is started for it', async () => {
    const { did, run } = machine({ deliver: fails });
    await run(hookInput('stop'));
    expect(did).toEqual(['spooled stop', expect.stringMatching(/^log: the worker did not accept/)]);
  });

  test('an event does not overtake spooled events of its session', async () => {
    const { did, run } = machine({ spool: { holdsSession: () => true, add: () => did.push('spooled') } });
    await run(hookInput('user-prompt-submit'));
    expect(did).toEqual(['spooled']);
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['nothing', ''],
  ])('an input that is %s is reported as a failure and logged', async (_, text) => {
    const { did, run } = machine();
    expect(await run(text)).toEqual({ failure: expect.stringMatching(/input/) as string });
    expect(did).toEqual(['log: a hook event could not be stored']);
  });

  test('an event that can be neither delivered nor spooled is reported as a failure', async () => {
    const full = {
      holdsSession: () => false,
      add: () => {
        throw new Error('the disk is full');
      },
    };
    const { run } = machine({ deliver: fails, spool: full });
    expect(await run(hookInput('stop'))).toEqual({ failure: 'the disk is full' });
  });

  test('an event is pending until it is stored, so that it can be saved if the hook is ended early', async () => {
    const progress: HookProgress = {};
    const seen: unknown[] = [];
    const { run } = machine({
      deliver: () => {
        seen.push(progress.pending?.kind, progress.isDone);
        return Promise.resolve();
      },
    });
    await run(hookInput('stop'), progress);
    expect(seen).toEqual(['stop', undefined]);
    expect(progress).toEqual({ isDone: true });
  });

  test('a hook without an event is done immediately', async () => {
    const progress: HookProgress = {};
    await machine().run(hookInput('stop', { hook_event_name: 'PreCompact' }), progress);
    expect(progress).toEqual({ isDone: true });
  });

  test('a hook ends even if every port fails', async () => {
    const throws = () => {
      throw new Error('read-only');
    };
    const { run } = machine({
      ...{ deliver: fails, isTreeUp: fails, readMemory: fails, startTree: throws },
      spool: { holdsSession: throws, add: throws },
    });
    expect(await run(hookInput('session-start'))).toEqual({ failure: 'read-only' });
  });
});

describe('the start of a session', () => {
  test("the start of a session gives the memory of the project in the host's format", async () => {
    const { did, run } = machine();
    const output = JSON.parse((await run(hookInput('session-start'))).output ?? '') as unknown;
    expect(output).toMatchObject({
      hookSpecificOutput: {
        hookEventName: 'SessionStart',
        additionalContext: expect.stringContaining('Asked: x') as string,
      },
    });
    expect(did).toEqual(['delivered session-start']);
  });

  test.each(['startup', 'resume', 'clear', 'compact'])(
    'the start of a session gives the memory for source %s too',
    async (source) => {
      expect((await machine().run(hookInput('session-start', { source }))).output).toContain('additionalContext');
    },
  );

  test('the start of a session gives no output without memory', async () => {
    const { run } = machine({ readMemory: () => Promise.resolve({ summaries: [], steps: [] }) });
    expect(await run(hookInput('session-start'))).toEqual({ output: undefined });
  });

  test('starts a tree if none runs', async () => {
    const { did, run } = machine({ deliver: fails });
    expect((await run(hookInput('session-start'))).output).toContain('Asked: x');
    expect(did).toEqual(['spooled session-start', expect.stringMatching(/^log: the worker did not accept/), 'started']);
  });

  test('starts no tree beside one that is starting', async () => {
    const { did, run } = machine({ deliver: fails, isTreeUp: () => Promise.resolve(true) });
    await run(hookInput('session-start'));
    expect(did).toEqual(['spooled session-start', expect.stringMatching(/^log: the worker did not accept/)]);
  });
});
