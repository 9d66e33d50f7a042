/** What may tell who a person is. */
export interface Personal {
  readonly homes: readonly string[];
  readonly users: readonly string[];
}

/** The part of a path that names a user, on any system; a folder of a program begins with a dot. */
const IN_HOME_PATH = '(?<=[/\\\\](?:home|Users)[/\\\\]{1,2})(?!\\.)[^/\\\\\\s"\':,;)]+';
const WORD_START = '(?<![\\w])';
const WORD_END = '(?![\\w])';
const PATH_END = '(?=[/\\\\\\s"\':,;)]|$)';

/** Users who bear the name of a program or folder that is judged by (`node` in its container) are known by their home alone. */
const VOCABULARY = new Set(
  (
    'adopt archive bash bin bun cache chroma chroma-mcp claude claude-mem client cmd code config constraints context daemon data db dir ' +
    'etc exe file from hook home http init js json launchd lib local lock main mcp mem node offline opt path persistent pid plugin ' +
    'plugins port proc python relay root run search server service session setpriv setup sh share src supervisor sync systemd tcp ' +
    'tmp token tool trees type tool user users usr uv uvx v0 var vector vectors version with worker zsh'
  ).split(' '),
);
/** A shorter name would be found in the middle of anything. */
const SHORTEST_WORD = 3;

/**
 * Gives every user named in these texts a word of its own that occurs in none of them, so that what was equal stays equal and what
 * differed stays different. The same function must be used for all of them.
 */
export function hidePersonal(texts: Iterable<string>, personal: Personal): (text: string) => string {
  const all = [...texts].join('\n');
  const words = new Map<string, string>();
  let number = 0;
  const wordFor = (name: string): string => {
    const known = words.get(name);
    if (known !== undefined) return known;
    do number += 1;
    while (all.includes(`user${number}`));
    words.set(name, `user${number}`);
    return `user${number}`;
  };
  const names = new Set([...personal.users, ...(all.match(new RegExp(IN_HOME_PATH, 'g')) ?? [])].filter(Boolean));
  for (const name of names) wordFor(name);
  const homes = personal.homes.filter((home) => home.length > 1 && !isUsualHome(home, names)).sort(longestFirst);
  const alone = [...names].filter((name) => name.length >= SHORTEST_WORD && !VOCABULARY.has(name.toLowerCase()));
  const pattern = new RegExp(
    [
      ...homes.map((home) => `${WORD_START}${escape(home)}${PATH_END}`),
      IN_HOME_PATH,
      ...alone.sort(longestFirst).map((name) => `${WORD_START}${escape(name)}${WORD_END}`),
    ].join('|'),
    'g',
  );
  // In one pass: a word that was put in must not be taken for a name.
  return (text) =>
    text.replace(pattern, (found) => (homes.includes(found) ? `/home/${wordFor(found)}` : wordFor(found)));
}

/** One of which nothing is left once the user's name is taken out. */
function isUsualHome(home: string, names: ReadonlySet<string>): boolean {
  const parts = /^(?:[A-Za-z]:)?[/\\](?:home|Users)[/\\]([^/\\]+)$/.exec(home);
  return parts?.[1] !== undefined && names.has(parts[1]);
}

function longestFirst(left: string, right: string): number {
  return right.length - left.length;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
