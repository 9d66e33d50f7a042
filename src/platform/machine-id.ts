import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const DIGITS = 32;

/**
 * The stored and displayed form of a machine id: machine-id(5) requires a hash, and half of a SHA-256 is enough to
 * compare. Avoids Node's crypto, which costs 3 ms and 350 kB at the start of every program.
 */
export function hashMachineId(id: string): string {
  // Each reading of the process table asks for the same id.
  if (id !== last.id) last = { id, hash: bytesToHex(sha256(utf8ToBytes(id.toLowerCase()))).slice(0, DIGITS) };
  return last.hash;
}

let last = { id: '', hash: '' };
