import { describe, expect, test } from 'vitest';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import {
  blocking,
  couldNotLook,
  fail,
  pass,
  skip,
  warn,
  type Check,
  type Finding,
} from '../../../src/operations/doctor/check.ts';
import { diagnose, summarize, type DiagnoseOptions } from '../../../src/operations/doctor/diagnose.ts';
import { fakePorts } from './fake-ports.ts';

function check(id: Check['id'], run: Check['run'], extra: Partial<Check> = {}): Check {
  return { id, title: id, why: 'because', run, ...extra };
}

const finds = (id: Check['id'], finding: Finding, extra?: Partial<Check>) => check(id, () => finding, extra);
const throws = (id: Check['id'], error: Error) =>
  check(id, () => {
    throw error;
  });
const hangs = (id: Check['id']) => check(id, () => new Promise<Finding>(() => undefined));

async function statuses(checks: readonly Check[], options?: DiagnoseOptions) {
  const results = await diagnose(checks, fakePorts(), options);
  return Object.fromEntries(results.map(({ id, status }) => [id, status]));
}

describe('a check', () => {
  test('a check that throws or hangs is an error and hides no other check', async () => {
    const checks = [
      finds('node', pass('new')),
      throws('uv', new Error('boom')),
      hangs('port'),
      finds('model', warn('old', 'x')),
    ];
    const results = await diagnose(checks, fakePorts(), { limitMs: 20 });
    expect(results.map(({ id, status, detail }) => [id, status, detail])).toEqual([
      ['node', 'pass', 'new'],
      ['uv', 'error', 'the check failed: boom'],
      ['port', 'error', 'no result within 0.02 s'],
      ['model', 'warn', 'old'],
    ]);
  });

  test('a check that throws a ClaudeMemError reports its hint as the fix', async () => {
    const error = new ClaudeMemError('process-table-unreadable', 'no /proc', { hint: 'mount it' });
    const [result] = await diagnose([throws('orphans', error)], fakePorts());
    expect(result).toMatchObject({ status: 'error', detail: 'no /proc', fix: 'mount it' });
  });

  test('a check is aborted at its time limit and on interrupt', async () => {
    const aborted: string[] = [];
    const waits = check(
      'uv',
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push('aborted');
            reject(new Error('interrupted'));
          });
        }),
    );
    expect(await statuses([waits], { limitMs: 10 })).toEqual({ uv: 'error' });
    const interrupted = new AbortController();
    setTimeout(() => {
      interrupted.abort();
    }, 5);
    expect(await statuses([waits], { interrupted: interrupted.signal })).toEqual({ uv: 'error' });
    expect(aborted).toEqual(['aborted', 'aborted']);
  });

  test('a check has a fix only if its finding has one', async () => {
    const [result] = await diagnose([finds('node', fail('old'))], fakePorts());
    expect(result).toEqual({ id: 'node', title: 'node', status: 'fail', detail: 'old', why: 'because', fix: null });
  });
});

describe('a needed check', () => {
  const dependent = finds('orphans', pass('none'), { needs: ['process-table'] });

  test('blocks the checks that need it, directly or indirectly', async () => {
    const blocked = finds('process-table', blocking(couldNotLook('gone')));
    const last = finds('port', pass('free'), { needs: ['orphans'] });
    expect(await statuses([blocked, dependent, last])).toEqual({
      'process-table': 'error',
      orphans: 'skip',
      port: 'skip',
    });
  });

  test('a needed check does not block if it is only incomplete', async () => {
    expect(await statuses([finds('process-table', couldNotLook('one unreadable')), dependent])).toEqual({
      'process-table': 'error',
      orphans: 'pass',
    });
  });

  test.each([
    [couldNotLook('one unreadable'), { 'process-table': 'error', orphans: 'pass' }],
    [blocking(fail('broken')), { 'process-table': 'fail', orphans: 'skip' }],
    [pass('fine'), { orphans: 'pass' }],
    [blocking(skip('off')), { orphans: 'skip' }],
  ])('a needed check is reported beside the requested check only if it failed (%#)', async (finding, expected) => {
    const checks = [finds('process-table', finding), dependent, finds('node', fail('not asked for'))];
    expect(await statuses(checks, { only: ['orphans'] })).toEqual(expected);
  });

  test('runs once for all checks that need it', async () => {
    let runs = 0;
    const counted = check('process-table', () => {
      runs += 1;
      return pass('read');
    });
    await statuses([counted, dependent, finds('excess', pass('none'), { needs: ['process-table'] })]);
    expect(runs).toBe(1);
  });
});

test('all checks share one reading of the process table and one answer of the supervisor', async () => {
  const ports = fakePorts();
  const looks = { observe: 0, ask: 0 };
  const counting = {
    ...ports,
    tree: {
      ...ports.tree,
      observe: () => {
        looks.observe += 1;
        return ports.tree.observe();
      },
      askSupervisor: () => {
        looks.ask += 1;
        return ports.tree.askSupervisor();
      },
    },
  };
  const both = (id: Check['id']) =>
    check(id, async ({ observation, status }) => {
      await Promise.all([observation(), status()]);
      return pass('seen');
    });
  await diagnose([both('orphans'), both('excess'), both('port')], counting);
  expect(looks).toEqual({ observe: 1, ask: 1 });
});

test('the summary counts every status', async () => {
  const checks = [finds('node', pass('')), finds('uv', fail('')), finds('port', skip('')), throws('logs', new Error())];
  expect(summarize(await diagnose(checks, fakePorts()))).toEqual({ pass: 1, warn: 0, fail: 1, skip: 1, error: 1 });
});
