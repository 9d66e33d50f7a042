import fc from 'fast-check';

/** Characters that at least one of the schedulers, shells or file formats treats in a special way. */
const SPECIAL = [
  ...Array.from(` %$"'\\;&|<>()*?[]{}!#~^=:,@+\t\n\r`),
  'ä',
  '日',
  '\u{1f600}',
  '\u0001',
  '\u007f',
  '\u0085',
  'a',
  'Z',
  '0',
  '.',
];

/** Names of folders with such characters, without slash. */
export const hostileName = fc
  .array(fc.constantFrom(...SPECIAL), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((name) => name !== '.' && name !== '..');

/** Absolute paths of a guard's script. */
export const hostileScript = fc
  .array(hostileName, { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join('/')}/guard/run.sh`);
