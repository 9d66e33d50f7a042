import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import ts from 'typescript';

/**
 * Writes the types of the modules that users import. All their types are in these modules, because no others are shipped.
 * @param sources the modules, by the names of their `.d.ts`.
 */
export async function writeTypes(folder, sources) {
  for (const [name, source] of Object.entries(sources)) {
    const { outputText, diagnostics } = ts.transpileDeclaration(await readFile(source, 'utf8'), {
      fileName: source,
      compilerOptions: { isolatedDeclarations: true, target: ts.ScriptTarget.ES2023, stripInternal: true },
      reportDiagnostics: true,
    });
    const [problem] = diagnostics ?? [];
    if (problem !== undefined)
      throw new Error(`${source}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
    const text = outputText.replaceAll(/(?<= from ["'])\.[^"']*(?=["'])/g, (path) => {
      const module = basename(path, '.ts');
      if (!(module in sources)) throw new Error(`${source}: its types refer to ${path}, which is not shipped`);
      return `./${module}.js`;
    });
    await writeFile(`${folder}/${name}.d.ts`, text.replace(REPEATED, ''));
  }
}

/** TypeScript writes this method a second time, as a property. */
const REPEATED = /^ *static \[Symbol\.hasInstance\]: .*\n/m;
