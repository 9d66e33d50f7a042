import { expect, test, vi } from 'vitest';
import { tidyStage } from '../../../src/operations/verify/tidy-stage.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { row } from '../../core/builders.ts';

const dataDir = '/tmp/claude-mem-verify-1';

test('the data dir of a stage is removed once no process on it is alive', async () => {
  const remove = vi.fn(() => undefined);
  expect(await tidyStage({ members: () => Promise.resolve([]) }, { dataDir, remove })).toBe(undefined);
  expect(remove).toHaveBeenCalledOnce();
});

test('the data dir of a stage is kept while a process on it is alive', async () => {
  const remove = vi.fn(() => undefined);
  const members = () => Promise.resolve([{ row: row(9_100, 1, 'sleep 1'), foundBy: 'mark' as const }]);
  expect(await tidyStage({ members }, { dataDir, remove })).toMatch(
    /pid 9100 could not be ended; .* kept in \/tmp\/claude-mem-verify-1/,
  );
  expect(remove).not.toHaveBeenCalled();
});

test('the data dir of a stage is kept if the process table is unreadable', async () => {
  const remove = vi.fn(() => undefined);
  const members = () => Promise.reject(new ClaudeMemError('process-table-unreadable', 'no /proc'));
  await expect(tidyStage({ members }, { dataDir, remove })).rejects.toThrow('no /proc');
  expect(remove).not.toHaveBeenCalled();
});
