/** Words that may identify a person. */
export interface Personal {
  readonly homes: readonly string[];
  readonly users: readonly string[];
}

/** The user's name in a path of any system. Folders that begin with a dot belong to programs. */
const IN_HOME_PATH = '(?<=[/\\\\](?:home|Users)[/\\\\]{1,2})(?!\\.)[^/\\\\\\s"\':,;)]+';
const PATH_END = /[/\\\s"':,;)]/;

/** Users named like a program or folder that verdicts depend on, such as `node` in its container, are replaced in home paths only. */
const VOCABULARY = new Set(
  (
    'adopt archive bash bin bun cache chroma chroma-mcp claude claude-mem client cmd code config constraints context daemon data db dir ' +
    'etc exe file from hook home http init js json launchd lib local lock main mcp mem node offline opt path persistent pid plugin ' +
    'plugins port proc python relay root run search server service session setpriv setup sh share src supervisor sync systemd tcp ' +
    'tmp token tool trees type tool user users usr uv uvx v0 var vector vectors version with worker zsh'
  ).split(' '),
);
/** A shorter name would match inside other words. Characters. */
const SHORTEST_WORD = 3;

/** A longer name is replaced in home paths only. Characters; Linux allows 32. */
const LONGEST_WORD = 64;

/**
 * Replaces each user name in these texts by its own word, which occurs in none of them: equal texts stay equal, different ones stay
 * different. Use the returned function for all of the texts. Runs in linear time for any number of names.
 */
export function hidePersonal(texts: Iterable<string>, personal: Personal): (text: string) => string {
  const all = [...texts].join('\n');
  const wordFor = wordMaker(all);
  const names = new Set([...personal.users, ...(all.match(new RegExp(IN_HOME_PATH, 'g')) ?? [])].filter(Boolean));
  for (const name of names) wordFor(name);
  const homes = personal.homes.filter((home) => home.length > 1 && !isUsualHome(home, names)).sort(longestFirst);
  const alone = new Set([...names].filter(isFoundAlone));
  const lengths = [...new Set([...alone].map(({ length }) => length))].sort((left, right) => right - left);
  const beginnings = new Set([...alone].map((name) => name.charAt(0)));
  const inHomePath = new RegExp(IN_HOME_PATH, 'y');

  /** The personal word that starts at this position. */
  const foundAt = (text: string, at: number): string | undefined => {
    const isWordStart = !isWordCharacter(text, at - 1);
    const home = isWordStart
      ? homes.find((path) => text.startsWith(path, at) && endsPath(text, at + path.length))
      : undefined;
    if (home !== undefined) return home;
    inHomePath.lastIndex = at;
    const inPath = inHomePath.exec(text)?.[0];
    if (inPath !== undefined || !isWordStart || !beginnings.has(text.charAt(at))) return inPath;
    const length = lengths.find((size) => !isWordCharacter(text, at + size) && alone.has(text.slice(at, at + size)));
    return length === undefined ? undefined : text.slice(at, at + length);
  };
  // In one pass, so that a replacement is not taken for a name.
  return (text) => {
    let hidden = '';
    let kept = 0;
    for (let at = 0; at < text.length; at += 1) {
      const found = foundAt(text, at);
      if (found === undefined) continue;
      hidden += text.slice(kept, at) + (homes.includes(found) ? `/home/${wordFor(found)}` : wordFor(found));
      kept = at + found.length;
      at = kept - 1;
    }
    return hidden + text.slice(kept);
  };
}

/** Gives each name a fixed word that does not occur in the texts. */
function wordMaker(text: string): (name: string) => string {
  // All numbers after `user`, and their prefixes: `user12` contains `user1`.
  const taken = new Set<string>();
  for (const [, digits = ''] of text.matchAll(/user(\d{1,9})/g))
    for (let end = 1; end <= digits.length; end += 1) taken.add(digits.slice(0, end));
  const words = new Map<string, string>();
  let number = 0;
  return (name) => {
    const known = words.get(name);
    if (known !== undefined) return known;
    do number += 1;
    while (taken.has(String(number)));
    const word = `user${number}`;
    words.set(name, word);
    return word;
  };
}

function isFoundAlone(name: string): boolean {
  return name.length >= SHORTEST_WORD && name.length <= LONGEST_WORD && !VOCABULARY.has(name.toLowerCase());
}

function isWordCharacter(text: string, at: number): boolean {
  return /\w/.test(text.charAt(at));
}

function endsPath(text: string, at: number): boolean {
  return at === text.length || PATH_END.test(text.charAt(at));
}

/** A name that is empty without the user's name. */
function isUsualHome(home: string, names: ReadonlySet<string>): boolean {
  const parts = /^(?:[A-Za-z]:)?[/\\](?:home|Users)[/\\]([^/\\]+)$/.exec(home);
  return parts?.[1] !== undefined && names.has(parts[1]);
}

function longestFirst(left: string, right: string): number {
  return right.length - left.length;
}
