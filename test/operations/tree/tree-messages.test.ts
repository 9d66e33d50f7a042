import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createIpcRecorder,
  type IpcChannel,
  isSupervisorMessage,
  isWorkerMessage,
  sendToSupervisor,
  type SupervisorMessage,
  type WorkerMessage,
} from '../../../src/operations/tree/tree-messages.ts';
import type { Registration } from '../../../src/operations/ports/tree.ts';

const identity = { pid: 7, startTicks: 70, startedAt: '2026-01-01T00:00:00.000Z' };
const registration: Registration = { role: 'search', identity, owner: identity, command: ['node'] };

/** The worker's end of a channel, and what a supervisor would see and say. */
function openChannel() {
  const events = new EventEmitter();
  const sent: WorkerMessage[] = [];
  const state = { connected: true, failure: null as Error | null };
  const channel: IpcChannel = {
    get connected() {
      return state.connected;
    },
    send: (message, _handle, _options, callback) => {
      sent.push(message as WorkerMessage);
      callback?.(state.failure);
      return true;
    },
    on: (event: string, listener: (message: unknown) => void) => events.on(event, listener),
  };
  return {
    channel,
    sent,
    state,
    answer: (message: SupervisorMessage) => events.emit('message', message),
    disconnect: () => {
      state.connected = false;
      events.emit('disconnect');
    },
  };
}

describe('the recorder over IPC', () => {
  test('resolves each registration with its own answer, in any order', async () => {
    const { channel, sent, answer } = openChannel();
    const recorder = createIpcRecorder(channel);
    const done: string[] = [];
    const first = recorder.register(registration).then(() => done.push('register'));
    const second = recorder.ended(identity).then(() => done.push('ended'));
    expect(sent).toEqual([
      { type: 'register', id: 1, registration },
      { type: 'ended', id: 2, identity },
    ]);
    answer({ type: 'recorded', id: 2 });
    await second;
    expect(done).toEqual(['ended']);
    answer({ type: 'recorded', id: 1 });
    await first;
  });

  test('rejects with the reason when the supervisor could not write', async () => {
    const { channel, answer } = openChannel();
    const recorded = createIpcRecorder(channel).register(registration);
    answer({ type: 'recorded', id: 1, error: 'no space left on the device' });
    await expect(recorded).rejects.toMatchObject({
      code: 'io',
      message: 'the supervisor did not record a process: no space left on the device',
    });
  });

  test('rejects if the channel closes, is closed, or fails to send', async () => {
    const { channel, state, disconnect } = openChannel();
    const recorder = createIpcRecorder(channel);
    const under = recorder.register(registration);
    disconnect();
    await expect(under).rejects.toThrow('the IPC channel is closed');
    await expect(recorder.ended(identity)).rejects.toThrow('the IPC channel is closed');
    state.connected = true;
    state.failure = new Error('EPIPE');
    await expect(recorder.ended(identity)).rejects.toThrow('EPIPE');
  });

  test('rejects without an answer in time, and ignores a late answer', async () => {
    const { channel, answer } = openChannel();
    const recorder = createIpcRecorder(channel, { timeoutMs: 5 });
    await expect(recorder.register(registration)).rejects.toThrow('no answer within 5 ms');
    answer({ type: 'recorded', id: 1 });
  });
});

test('the worker sends no message on a closed or missing channel', () => {
  const { channel, sent, disconnect } = openChannel();
  sendToSupervisor(channel, { type: 'ready', port: 1, socket: '/data/worker.sock' });
  disconnect();
  sendToSupervisor(channel, { type: 'ready', port: 2, socket: '/data/worker.sock' });
  sendToSupervisor({ on: () => undefined }, { type: 'ready', port: 3, socket: '/data/worker.sock' });
  expect(sent).toEqual([{ type: 'ready', port: 1, socket: '/data/worker.sock' }]);
});

test.each([null, undefined, 'ready', 7, {}, { type: 'NODE_HANDLE' }, { type: ['ready'] }])(
  '%j is no message',
  (value) => {
    expect([isWorkerMessage(value), isSupervisorMessage(value)]).toEqual([false, false]);
  },
);
