import { RegExpParser, type AST } from '@eslint-community/regexpp';

/**
 * Generates texts that are slow for a regular expression of more than linear time: each part repeated, alone and after its prefix, with an
 * end that makes every attempt fail.
 * @param length of the repeated part, in characters.
 */
export function hostileTexts({ source, flags }: RegExp, length: number): readonly string[] {
  const pattern = new RegExpParser().parsePattern(source, 0, source.length, {
    unicode: flags.includes('u'),
    unicodeSets: flags.includes('v'),
  });
  const pumps = new Set([' ', 'a', '/', '"', ...repeatedParts(pattern), sample(pattern)]);
  const prefixes = ['', ...pattern.alternatives.flatMap((alternative) => beginningOf(alternative) ?? [])];
  const texts = new Set<string>();
  for (const pump of pumps) {
    if (pump === '') continue;
    const pumped = pump.repeat(Math.ceil(length / pump.length));
    for (const prefix of prefixes) for (const end of ['', '\u0000']) texts.add(`${prefix}${pumped}${end}`);
  }
  return [...texts];
}

/** The texts that each quantifier repeats, and those that two adjacent quantifiers repeat together. */
function repeatedParts(pattern: AST.Pattern): string[] {
  const parts: string[] = [];
  const visit = (alternatives: readonly AST.Alternative[]): void => {
    for (const { elements } of alternatives) {
      for (const element of elements) {
        if (element.type === 'Quantifier') parts.push(...samplesOf(element.element));
        const inner = element.type === 'Quantifier' ? element.element : element;
        if ('alternatives' in inner) visit(inner.alternatives);
      }
      parts.push(elements.map(sample).join(''));
    }
  };
  visit(pattern.alternatives);
  return parts;
}

/** The text before the first unbounded quantifier. Undefined for an alternative without repetition, because it matches no long text. */
function beginningOf({ elements }: AST.Alternative): string | undefined {
  const isLong = (element: AST.Element) => element.type === 'Quantifier' && element.max > 100;
  if (!elements.some((element) => element.type === 'Quantifier' || 'alternatives' in element)) return undefined;
  const end = elements.findIndex(isLong);
  return elements
    .slice(0, end === -1 ? elements.length : end)
    .map(sample)
    .join('');
}

/** Some texts that an element matches. A class contributes several of its characters. */
function samplesOf(element: AST.Element): string[] {
  if (element.type === 'CharacterClass') return element.elements.map((part) => sample(part as AST.Element));
  if ('alternatives' in element)
    return element.alternatives.map((alternative) => alternative.elements.map(sample).join(''));
  return [sample(element)];
}

const SETS: Readonly<Record<string, string>> = { digit: '0', space: ' ', word: 'a', any: 'x', property: 'é' };

/** One text that an element probably matches. */
function sample(node: AST.Node): string {
  if ('alternatives' in node) return node.alternatives[0] === undefined ? '' : sample(node.alternatives[0]);
  if (node.type === 'Alternative') return node.elements.map(sample).join('');
  if (node.type === 'Quantifier') return sample(node.element).repeat(Math.min(Math.max(node.min, 1), 20));
  if (node.type === 'Character') return String.fromCodePoint(node.value);
  if (node.type === 'CharacterSet') return 'negate' in node && node.negate ? '#' : (SETS[node.kind] ?? 'x');
  if (node.type === 'CharacterClassRange') return String.fromCodePoint(node.min.value);
  if (node.type !== 'CharacterClass') return '';
  return node.negate ? notIn(node) : node.elements[0] === undefined ? '' : sample(node.elements[0]);
}

function notIn(node: AST.CharacterClass): string {
  return (
    ['x', ' ', '#', '0', '\n'].find((character) => !node.elements.some((part) => sample(part) === character)) ?? 'é'
  );
}
