import { readFile, writeFile } from 'node:fs/promises';
import ts from 'typescript';

/**
 * Writes the types of a module that users import, from this one file, so that all exported types are written out in it.
 */
export async function writeTypes(source, target) {
  const { outputText, diagnostics } = ts.transpileDeclaration(await readFile(source, 'utf8'), {
    fileName: source,
    compilerOptions: { isolatedDeclarations: true, target: ts.ScriptTarget.ES2023, stripInternal: true },
    reportDiagnostics: true,
  });
  const [problem] = diagnostics ?? [];
  if (problem !== undefined) throw new Error(`${source}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  if (/from ["']\./.test(outputText)) throw new Error(`${source}: its types refer to files that are not shipped`);
  await writeFile(target, outputText);
}
