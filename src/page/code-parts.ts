interface TextPart {
  readonly text: string;
  readonly isCode: boolean;
}

/** Text between backticks, commands of claude-mem, options, and variables of the environment. */
const CODE =
  /`([^`]+)`|\bclaude-mem (?:doctor|guard|history|leaks|logs|reap|restart|setup|start|status|stop|verify)\b(?: --(?:data-dir|port) (?:'[^']*'|[^\s,;]*[^\s,;.:])| --[a-z][a-z-]*)*|(?<=^|[\s(])--[a-z][a-z-]*|\bCLAUDE_MEM_[A-Z_]+(?:=[^\s,;]*[^\s,;.])?/g;

/** Finds what is code in a sentence of a message. */
export function codeParts(sentence: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of sentence.matchAll(CODE)) {
    if (match.index > end) parts.push({ text: sentence.slice(end, match.index), isCode: false });
    parts.push({ text: match[1] ?? match[0], isCode: true });
    end = match.index + match[0].length;
  }
  if (end < sentence.length) parts.push({ text: sentence.slice(end), isCode: false });
  return parts;
}
