import { expect, test } from 'vitest';
import type { WindowsNative } from '../../../src/platform/windows/native/load-native.ts';
import { endWithThisProcess } from '../../../src/platform/windows/native/job.ts';
import { fakeNative } from './fake-native.ts';

function jobs(answers: { limit?: number; assign?: number }) {
  const calls: string[] = [];
  const native: WindowsNative = {
    ...fakeNative([{ pid: 40, name: 'node.exe' }]),
    createJob: (handle) => {
      (handle as Buffer).writeBigInt64LE(99n);
      return 0;
    },
    limitJob: (_job, informationClass, limits) => {
      calls.push(`limit ${Number(informationClass)} ${(limits as Buffer).readUInt32LE(16).toString(16)}`);
      return answers.limit ?? 0;
    },
    assignToJob: (job, member) => {
      calls.push(`assign ${Number(member)} to ${Number(job)}`);
      return answers.assign ?? 0;
    },
    close: (handle) => {
      calls.push(`close ${Number(handle)}`);
      return 0;
    },
  };
  return { native, calls };
}

test('a job ends its members when its last handle is closed, and this process never closes it', () => {
  const { native, calls } = jobs({});
  const add = endWithThisProcess(native);
  expect(add?.(40)).toBe(true);
  expect(calls).toEqual(['limit 9 2000', 'assign 40 to 99', 'close 40']);
});

test('a process that is gone, or that Windows refuses, is not in the job', () => {
  expect(endWithThisProcess(jobs({}).native)?.(44)).toBe(false);
  expect(endWithThisProcess(jobs({ assign: -1 }).native)?.(40)).toBe(false);
});

test('without the limit there is no job', () => {
  const { native, calls } = jobs({ limit: -1 });
  expect(endWithThisProcess(native)).toBeNull();
  expect(calls).toContain('close 99');
});
