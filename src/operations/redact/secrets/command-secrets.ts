import { particularSecrets } from './particular-commands.ts';
import { OPERATOR, pipedInto } from './piped-secrets.ts';
import { basename, part, type SecretInWord } from './secret-in-word.ts';
import { nameStrength } from './secret-name.ts';
import { type Program, PROGRAMS } from './secret-options.ts';

const MOST_WORDS = 20_000;

/** Finds the secrets of a command line that a program takes by position or by a short option. */
export function commandSecrets(words: readonly string[]): readonly SecretInWord[] {
  const found: SecretInWord[] = [];
  let start = 0;
  const bounded = words.slice(0, MOST_WORDS);
  for (let at = 0; at <= bounded.length; at += 1) {
    if (at < bounded.length && !OPERATOR.test(bounded[at] ?? '')) continue;
    found.push(...inCommand(bounded, start, at), ...pipedInto(bounded, start, at));
    start = at + 1;
  }
  return found.sort((left, right) => left.word - right.word);
}

function inCommand(words: readonly string[], start: number, end: number): readonly SecretInWord[] {
  const found: SecretInWord[] = [];
  let program: Program | undefined;
  for (let at = start; at < end; at += 1) {
    const word = words[at] ?? '';
    // `sudo`, `env`, `time` and similar run the next program, so any word except an option's value may be a program.
    const named = programOf(word, words[at - 1]);
    if (named !== undefined && (at === start || program === undefined || !usesOption(program, words[at - 1])))
      program = named;
    found.push(...everywhere(words, at, end));
    if (program !== undefined && named === undefined) found.push(...ofProgram(program, words, { at, start, end }));
  }
  return found.concat(particularSecrets(words, start, end));
}

function programOf(word: string, before: string | undefined): Program | undefined {
  if (
    word.length > 300 ||
    word.startsWith('-') ||
    (before !== '-c' && before?.startsWith('-') === true && /^-[a-zA-Z]$/.test(before))
  )
    return undefined;
  const name = word
    .slice(word.lastIndexOf('/') + 1)
    .replace(/\.exe$/i, '')
    .replace(/^.*[\\(`$]/, '');
  return PROGRAMS.find(({ names }) => names.test(name));
}

function usesOption({ options = {} }: Program, before: string | undefined): boolean {
  return before !== undefined && Object.hasOwn(options, before);
}

interface WordRange {
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

function ofProgram(program: Program, words: readonly string[], { at, start, end }: WordRange): readonly SecretInWord[] {
  const word = words[at] ?? '';
  const { options = {}, attached = [], operand, only } = program;
  const fits = only === undefined || words.slice(start, Math.min(end, start + 40)).some((other) => only.test(other));
  if (fits) {
    const word0 = words[at - 1] ?? '';
    const before = program.hasClusters === true && /^-[a-zA-Z]{2,8}$/.test(word0) ? `-${word0.slice(-1)}` : word0;
    if (at > start && Object.hasOwn(options, before)) return part(words, at, 0, options[before] ?? '');
    for (const [option, separator] of Object.entries(options)) {
      if (word.startsWith(`${option}=`)) return part(words, at, option.length + 1, separator);
      if (option.length === 2 && word.startsWith(option) && word.length > 2 && !word.startsWith('--'))
        return part(words, at, 2, separator);
    }
  }
  const own = attached.find((option) => word.startsWith(option) && word.length > option.length);
  if (own !== undefined) return part(words, at, own.length, '');
  const isOperand =
    operand !== undefined && at > start && operand.after.test(basename(words[at - 1])) && !word.startsWith('-');
  return isOperand ? part(words, at, 0, operand.separator) : [];
}

/** The secrets of any program. */
function everywhere(words: readonly string[], at: number, end: number): readonly SecretInWord[] {
  const word = words[at] ?? '';
  const before = words[at - 1] ?? '';
  if (word.startsWith('pass:') && word.length > 5) return part(words, at, 5, '');
  // `aws configure set aws_secret_access_key X`, `npm config set //host/:_authToken X`.
  const strength = /^(?:set|add)$/.test(words[at - 2] ?? '') && at < end ? nameStrength(before) : undefined;
  return strength === 'secret' || strength === 'password' || strength === 'token' ? part(words, at, 0, '') : [];
}
