/** A `claude-mem` command line that a person can copy into a shell. */
export function commandLine(words: readonly string[]): string {
  return ['claude-mem', ...words].map(quoteForShell).join(' ');
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
