import { endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parsePeers } from '../../../../src/platform/linux/channels/diag-messages.ts';

const isLittle = endianness() === 'LE';

/** Numbers of two or four bytes, in the byte order of this machine. */
function bytesOf(...numbers: readonly (readonly [value: number, bytes: 1 | 2 | 4])[]): Buffer {
  const buffer = Buffer.alloc(numbers.reduce((sum, [, bytes]) => sum + bytes, 0));
  const view = new DataView(buffer.buffer, buffer.byteOffset);
  let at = 0;
  for (const [value, bytes] of numbers) {
    if (bytes === 1) view.setUint8(at, value);
    else if (bytes === 2) view.setUint16(at, value, isLittle);
    else view.setUint32(at, value, isLittle);
    at += bytes;
  }
  return buffer;
}

const ATTRIBUTE_PEER = 2;
const ATTRIBUTE_QUEUE = 4;
const ATTRIBUTE_SHUTDOWN = 6;
const BOTH_DIRECTIONS = 3;
const ESTABLISHED = 1;
const LISTENING = 10;

function message(type: number, body: Buffer): Buffer {
  const length = 16 + body.length;
  return Buffer.concat([bytesOf([length, 4], [type, 2], [2, 2], [0, 4], [0, 4]), body, Buffer.alloc(-length & 3)]);
}

function socket(inode: number, attributes: readonly Buffer[], state = ESTABLISHED): Buffer {
  const head = bytesOf([1, 1], [1, 1], [state, 1], [0, 1], [inode, 4], [0, 4], [0, 4]);
  return message(20, Buffer.concat([head, ...attributes]));
}

const peer = (inode: number) => bytesOf([8, 2], [ATTRIBUTE_PEER, 2], [inode, 4]);
const shutdown = (directions: number) => bytesOf([5, 2], [ATTRIBUTE_SHUTDOWN, 2], [directions, 1], [0, 1], [0, 2]);
/** A socket whose other end was closed. */
const closed = Buffer.concat([peer(0), shutdown(BOTH_DIRECTIONS)]);
const queue = bytesOf([12, 2], [ATTRIBUTE_QUEUE, 2], [5, 4], [5, 4]);
const done = message(3, Buffer.alloc(4));
const error = message(2, Buffer.alloc(20));

function parse(...messages: readonly Buffer[]) {
  const found = new Map<number, 'open' | 'closed'>();
  const end = parsePeers(Buffer.concat(messages), new Set([11, 12, 13]), found);
  return { end, found: Object.fromEntries(found) };
}

describe('an answer of the kernel about Unix sockets', () => {
  test('gives the sockets that were asked for', () => {
    expect(parse(socket(11, [peer(99)]), socket(12, [closed]), socket(14, [closed]), done)).toEqual({
      end: 'done',
      found: { 11: 'open', 12: 'closed' },
    });
  });

  test('continues in the next answer', () => {
    expect(parse(socket(11, [closed]))).toEqual({ end: 'more', found: { 11: 'closed' } });
  });

  test('may contain other attributes before the peer', () => {
    expect(parse(socket(11, [queue, closed])).found).toEqual({ 11: 'closed' });
  });

  test('shows no closed end of a connection that the other side has not accepted yet', () => {
    expect(parse(socket(11, [peer(0), shutdown(0)]), socket(12, [peer(0)]), done).found).toEqual({});
  });

  test('shows an open end that was shut down but not closed', () => {
    expect(parse(socket(11, [peer(99), shutdown(BOTH_DIRECTIONS)]), done).found).toEqual({ 11: 'open' });
  });

  test.each([
    ['first', [socket(11, [peer(99)]), socket(11, [closed])]],
    ['last', [socket(11, [closed]), socket(11, [peer(99)])]],
  ])('shows the open one of two sockets with one inode, listed %s', (_, sockets) => {
    expect(parse(...sockets, done).found).toEqual({ 11: 'open' });
  });

  test('says nothing about a socket that was never connected', () => {
    expect(parse(socket(11, [queue])).found).toEqual({});
  });

  test('says nothing about a socket that listens', () => {
    expect(parse(socket(11, [closed], LISTENING)).found).toEqual({});
  });

  test('with an error ends the reading', () => {
    expect(parse(error).end).toBe('error');
  });

  test.each([
    ['a message shorter than its header', bytesOf([3, 4], [20, 2], [0, 2], [0, 4], [0, 4])],
    ['a message longer than the answer', bytesOf([500, 4], [20, 2], [0, 2], [0, 4], [0, 4])],
  ])('with %s ends the reading', (_, bytes) => {
    expect(parse(socket(11, [closed]), bytes)).toEqual({ end: 'error', found: { 11: 'closed' } });
  });

  test.each([
    ['shorter than its head', bytesOf([2, 2], [ATTRIBUTE_PEER, 2], [0, 4])],
    ['longer than its message', bytesOf([99, 2], [ATTRIBUTE_PEER, 2], [0, 4])],
    ['without a value', bytesOf([4, 2], [ATTRIBUTE_PEER, 2])],
  ])('ignores an attribute %s', (_, attribute) => {
    expect(parse(socket(11, [attribute]), socket(12, [closed]), done)).toEqual({
      end: 'done',
      found: { 12: 'closed' },
    });
  });
});
