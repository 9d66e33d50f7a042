import { readFileSync } from 'node:fs';

/** A line that holds secrets, as it is written, and the secrets in it. */
export interface SecretLine {
  readonly template: string;
  readonly text: string;
  readonly secrets: readonly string[];
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ALPHABETS: Readonly<Record<string, string>> = {
  a: LETTERS + LETTERS.toUpperCase() + DIGITS,
  b: `${LETTERS}${LETTERS.toUpperCase()}${DIGITS}+/`,
  d: DIGITS,
  h: `${DIGITS}abcdef`,
  k: `${LETTERS.toUpperCase()}234567`,
  l: LETTERS + DIGITS,
  L: LETTERS + LETTERS.toUpperCase(),
  q: 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L',
  w: `${LETTERS}${LETTERS.toUpperCase()}${DIGITS}_-`,
};

/**
 * Reads lines of a corpus. «…» marks a secret. In it, `#` with the letter of an alphabet and a length stands for that many characters, which
 * each run generates from the same seed (`#h40`, `#w43`), and `#g` for a UUID. So no file of this repository contains anything like a real secret.
 */
export function readSecretLines(file: string): readonly SecretLine[] {
  return readLines(file).map((template, index) => {
    const secrets: string[] = [];
    const text = template.replace(/«([^»]*)»/g, (_, content: string) => {
      const secret = content.replace(
        /#(?:g|([abdhklLqw])(\d+))/g,
        (__, alphabet: string | undefined, length: string) =>
          alphabet === undefined ? uuid(index) : madeUp(alphabet, Number(length), index),
      );
      secrets.push(secret);
      return secret;
    });
    return { template, text, secrets };
  });
}

/** ⏎ stands for the end of a line within an entry. */
export function readLines(file: string): readonly string[] {
  return readFileSync(new URL(`../../../fixtures/secrets/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.replaceAll('⏎', '\n'));
}

/** Whether nothing of a secret can be read any more: neither half of a long one either. */
export function isGone(secret: string, from: string): boolean {
  if (from.includes(secret)) return false;
  const lines = secret.split(/\n|\\n/).filter((line) => line.length >= 16 && !line.includes('-----'));
  return lines.every((line) => {
    const half = Math.floor(line.length / 2);
    return !from.includes(line.slice(0, half)) && !from.includes(line.slice(-half));
  });
}

let state = 1;

function madeUp(alphabet: string, length: number, seed: number): string {
  const characters = ALPHABETS[alphabet] ?? '';
  state = (seed + 1) * 2_654_435_761 + state * 7;
  let text = '';
  for (let at = 0; at < length; at += 1) {
    // Multiplicative, modulo 2^31 - 1: the same on every machine.
    state = (((state % 2_147_483_647) + 1) * 48_271) % 2_147_483_647;
    text += characters[state % characters.length] ?? '';
  }
  return text;
}

function uuid(seed: number): string {
  return [8, 4, 4, 4, 12].map((length) => madeUp('h', length, seed)).join('-');
}
