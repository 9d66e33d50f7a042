import { codeParts } from './code-parts.ts';
import { element } from './element.ts';

/** A sentence with its commands, options and variables set as code. */
export function prose(sentence: string): readonly (Node | string)[] {
  return codeParts(sentence).map(({ text, isCode }) => (isCode ? element('code', {}, text) : text));
}
