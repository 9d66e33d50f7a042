/**
 * Splits a Windows command line by the rules of Microsoft's C runtime (and of `CommandLineToArgvW`).
 * @see https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
 */
export function splitCommandLine(commandLine: string): readonly string[] {
  const text = commandLine.trim();
  if (text === '') return [];
  const { program, rest } = takeProgram(text);
  return [program, ...splitArguments(rest)];
}

/** The first argument is a file name: it ends at its closing quote or at a space, and a backslash in it is literal. */
function takeProgram(text: string): { program: string; rest: string } {
  const [whole, quoted, plain] = /^(?:"([^"]*)"?|([^ \t]*))/.exec(text) ?? [''];
  return { program: quoted ?? plain ?? '', rest: text.slice(whole.length) };
}

function splitArguments(text: string): readonly string[] {
  const args: string[] = [];
  let current: string | undefined;
  let isQuoted = false;
  // Backslashes are special only before quotation marks, so both are matched together.
  for (const [token, backslashes = '', after = '', alone = ''] of text.matchAll(/(\\+)("*)|("+)|[^\\"]/g)) {
    const quotes = after + alone;
    if (quotes !== '') {
      const run = readQuotes(backslashes.length, quotes.length, isQuoted);
      current = (current ?? '') + run.literal;
      isQuoted = run.isQuoted;
    } else if (!isQuoted && (token === ' ' || token === '\t')) {
      if (current !== undefined) args.push(current);
      current = undefined;
    } else {
      current = (current ?? '') + token;
    }
  }
  if (current !== undefined) args.push(current);
  return args;
}

/**
 * Decodes a run of quotation marks and the backslashes before it: two backslashes make one, and an odd one makes the
 * first mark literal. Within quotes two marks make a literal one.
 */
function readQuotes(backslashes: number, quotes: number, wasQuoted: boolean): { literal: string; isQuoted: boolean } {
  const isFirstLiteral = backslashes % 2 === 1;
  let literal = '\\'.repeat(Math.floor(backslashes / 2)) + (isFirstLiteral ? '"' : '');
  let isQuoted = wasQuoted;
  for (let left = isFirstLiteral ? quotes - 1 : quotes; left > 0; left -= 1) {
    if (isQuoted && left >= 2) {
      literal += '"';
      left -= 1;
    } else {
      isQuoted = !isQuoted;
    }
  }
  return { literal, isQuoted };
}
