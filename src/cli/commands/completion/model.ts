import type { Command, Option } from 'commander';
import { completedValues } from '../../command.ts';

/** Possible values of an argument or option: fixed words, a file, a folder, the pid of a leak, a command line, or anything. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'pid' }
  | { readonly kind: 'command' }
  | { readonly kind: 'any' };

export interface CompletedOption {
  /** `-f`, `--follow`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Undefined for an option without a value. */
  readonly value: Values | undefined;
  /** The option takes all words up to the next option. */
  readonly isVariadic: boolean;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Values of the positional arguments. The last entry of a variadic command also covers all further arguments. */
  readonly places: readonly Values[];
  readonly isVariadic: boolean;
}

/** Derives the completion from commander's definitions, so that both always agree. */
export function completionModel(program: Command): readonly CompletedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map(completedOption),
      { flags: ['-h', '--help'], description: 'display help for command', value: undefined, isVariadic: false },
    ],
    places: command.registeredArguments.map((argument) => valuesOf(completedValues(argument), argument.name())),
    isVariadic: command.registeredArguments.at(-1)?.variadic === true,
  }));
}

function completedOption(option: Option): CompletedOption {
  const takesValue = option.required || option.optional;
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    value: takesValue ? valuesOf(completedValues(option), placeholder(option)) : undefined,
    isVariadic: option.variadic,
  };
}

/** The placeholder decides the kind: `--from <file>` completes files. */
function valuesOf(choices: readonly string[] | undefined, name: string): Values {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (/^(?:file|path)$/i.test(name)) return { kind: 'file' };
  if (name === 'pid' || name === 'command') return { kind: name };
  return /^(?:dir|folder)$/i.test(name) ? { kind: 'folder' } : { kind: 'any' };
}

function placeholder({ flags }: Option): string {
  return /[<[]([\w-]+)/.exec(flags)?.[1] ?? '';
}
