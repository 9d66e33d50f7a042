import { commandLine } from '../../core/process/command-line.ts';

export { commandLine };

/**
 * A command line for a hint. It acts on the data dir of the command that prints it.
 * @param dataDirFlag value of `--data-dir`, if it was given.
 */
export function commandOn(dataDirFlag: string | undefined, ...words: readonly string[]): string {
  return commandLine([...words, ...(dataDirFlag === undefined ? [] : ['--data-dir', dataDirFlag])]);
}
