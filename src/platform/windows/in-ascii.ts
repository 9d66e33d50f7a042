/**
 * Makes a script print its JSON in ASCII, with every other character as `\uXXXX`: the console's code page lacks letters
 * of some user names and cannot be changed in Constrained Language Mode, which allows operators and casts of core types
 * but no methods.
 */
export function inAscii(script: string): string {
  const escape = String.raw`if ($_ -cmatch '^[^\x00-\x7f]$') { '\u{0:x4}' -f [int][char]$_ } else { $_ }`;
  const escaped = String.raw`@($json -csplit '([^\x00-\x7f])' | ForEach-Object { ${escape} }) -join ''`;
  return String.raw`$json = @(${script}) -join ''; if ($json -cmatch '[^\x00-\x7f]') { $json = ${escaped} }; $json`;
}
