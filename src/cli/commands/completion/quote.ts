/** Puts a text in single quotes, for bash and zsh. */
export function quoteForPosix(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Puts a text in single quotes, for fish, which has two escapes there. */
export function quoteForFish(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
