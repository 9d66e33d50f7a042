import { describe, expect, test } from 'vitest';
import { hidePersonal } from '../../../src/operations/redact/personal-words.ts';

const PERSONAL = { homes: ['/home/anna', '/srv/people/bob'], users: ['anna', 'bob', 'jean-luc', 'node'] };

test.each([
  ['/home/anna/.claude-mem/chroma', '/home/user1/.claude-mem/chroma'],
  ['/srv/people/bob/x and /srv/people/bobby/x', '/home/user5/x and /srv/people/bobby/x'],
  ['ssh anna@host, annabel, x-anna', 'ssh user1@host, annabel, x-user1'],
  ['jean-luc jean-lucas', 'user3 jean-lucas'],
  ['C:\\Users\\anna\\x', 'C:\\Users\\user1\\x'],
  ['node cli.js', 'node cli.js'],
])('hides the users of %s', (text, hidden) => {
  expect(hidePersonal([text], PERSONAL)(text)).toBe(hidden);
});

test('a replacement never occurs in the texts, nor does its beginning', () => {
  const text = '/home/carla user12 user2';
  expect(hidePersonal([text], { homes: [], users: [] })(text)).toBe('/home/user3 user12 user2');
});

describe('takes linear time', () => {
  test.each([
    ['one word of 1 MB', 'x'.repeat(1_000_000)],
    ['30,000 homes of other people', Array.from({ length: 30_000 }, (_, n) => `/home/p${n}x`).join(' ')],
    ['names of every length', Array.from({ length: 4_000 }, (_, n) => `/Users/${'q'.repeat(n % 250)}`).join(' ')],
    ['slashes', '/home/'.repeat(170_000)],
    ['blanks', ' '.repeat(1_000_000)],
  ])('%s', (_, text) => {
    const before = performance.now();
    hidePersonal([text], PERSONAL)(text);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
