import { isObject } from '../is-object.ts';

/**
 * The last text of the assistant in the end of a Claude Code transcript, which has one JSON object per line. The first line may be cut.
 * Texts of subagents do not count.
 */
export function lastAnswerIn(transcriptEnd: string): string | undefined {
  const lines = transcriptEnd.split('\n');
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    if (!line.includes('"assistant"')) continue;
    const text = answerOf(parsed(line));
    if (text !== undefined) return text;
  }
  return undefined;
}

function answerOf(entry: unknown): string | undefined {
  if (!isObject(entry) || entry.type !== 'assistant' || entry.isSidechain === true || entry.isApiErrorMessage === true)
    return undefined;
  const content = isObject(entry.message) ? entry.message.content : undefined;
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [{ type: 'text', text: content }];
  const texts = blocks.flatMap((block) =>
    isObject(block) && block.type === 'text' && typeof block.text === 'string' ? [block.text.trim()] : [],
  );
  const text = texts.filter((part) => part !== '').join('\n\n');
  return text === '' ? undefined : text;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The first line of the end is usually cut; the last one may still be written.
    return undefined;
  }
}
