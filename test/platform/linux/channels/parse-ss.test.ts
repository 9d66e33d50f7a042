import { expect, test } from 'vitest';
import { parseSs } from '../../../../src/platform/linux/channels/parse-ss.ts';

const OUTPUT = `u_str LISTEN 0      4096                 /run/dbus/system_bus_socket 9001 * 0   <-> ino:4 dev:0/24 peers: 17
u_str ESTAB  0      0                                         * 11 * 99  <->
u_str ESTAB  0      0                                         * 12 * 0   ---
u_dgr UNCONN 0      0                                         * 13 * 0   <->
u_str ESTAB  0      0                  /run/dbus/system_bus_socket 14 * 0   ---
u_seq ESTAB  0      0                                         * 15 * 0   ---
u_str ESTAB  0      0                                         * 17 * 0   <->
u_str ESTAB  0      0                                         * 11 * 0   ---
`;

/** Without sock_diag, ss reads /proc/net/unix, which names no peers. */
const OUTPUT_WITHOUT_PEERS = `u_str ESTAB  0      0                                         * 11 * 0
u_str ESTAB  0      0                                         * 12 * 0
`;

test('ss shows which sockets have lost their peer', () => {
  const found = parseSs(OUTPUT, new Set([11, 12, 13, 14, 15, 16, 17]));
  expect(Object.fromEntries(found)).toEqual({ 11: 'open', 12: 'closed', 15: 'closed' });
});

test('ss shows nothing about sockets that were not asked for', () => {
  expect(parseSs(OUTPUT, new Set([99])).size).toBe(0);
});

test('ss shows no closed sockets if it cannot see the peers', () => {
  expect(parseSs(OUTPUT_WITHOUT_PEERS, new Set([11, 12])).size).toBe(0);
});
