import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface SourcePattern {
  /** `core/path.ts:12`. */
  readonly place: string;
  readonly pattern: RegExp;
}

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** Every regular expression literal in the source. */
export function patternsOfSource(): readonly SourcePattern[] {
  return sourceFiles().flatMap((file) => patternsIn(file));
}

/** The places where the source composes a regular expression at run time. */
export function composedPatterns(): readonly string[] {
  return sourceFiles().filter((file) => readFileSync(join(SRC, file), 'utf8').includes('new RegExp('));
}

function sourceFiles(): readonly string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort();
}

function patternsIn(file: string): SourcePattern[] {
  const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: SourcePattern[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({
        place: `${file}:${line + 1}`,
        pattern: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
