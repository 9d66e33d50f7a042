import { basename } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles a program with lazily loaded parts into one text of a single function body. esbuild's own bundle puts all functions of all parts
 * into one scope, and V8 loads something for each of them at every start. Here each part is a function that runs when it is first needed.
 *
 * @param options for esbuild; one entry point. The chunks of esbuild must be as it writes them when it does not minify.
 * @returns the text, and what esbuild tells about the bundle.
 */
export async function packChunks(options) {
  const { outputFiles, metafile } = await build({
    ...options,
    ...{ format: 'esm', splitting: true, write: false, metafile: true, banner: {}, footer: {} },
    // The imports are replaced below.
    supported: {},
    ...{ minifyWhitespace: false, minifyIdentifiers: false, sourcemap: false, legalComments: 'inline' },
  });
  const chunks = outputFiles.map(({ path, text }) => ({ name: basename(path), text }));
  const [entry] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entryOf(options));
  const order = inOrder(chunks, basename(entry));
  const index = new Map(order.map(({ name }, number) => [name, number]));
  const functions = order.map((chunk) => `// ${chunk.name}\n() => {\n${asFunctionBody(chunk, index)}\n}`);
  const text = `const loaded = [];
const need = (number) => (loaded[number] ??= chunks[number]());
const chunks = [${functions.join(',\n')}];
need(${index.get(basename(entry))});
`;
  return { text, metafile };
}

function entryOf({ entryPoints }) {
  const [entry] = Object.values(entryPoints);
  return entry;
}

/** The chunks that others import first. Fails if there is a cycle: a function cannot return what it has not defined yet. */
function inOrder(chunks, entry) {
  const byName = new Map(chunks.map((chunk) => [chunk.name, chunk]));
  const order = new Set();
  const open = new Set();
  const visit = (name) => {
    if (open.has(name)) throw new Error(`chunks import each other: ${[...open, name].join(', ')}`);
    const chunk = byName.get(name);
    if (order.has(chunk)) return;
    open.add(name);
    for (const [, , , from] of chunk.text.matchAll(IMPORT)) if (isChunk(from, byName)) visit(from.slice(2));
    open.delete(name);
    order.add(chunk);
  };
  visit(entry);
  for (const { name } of chunks) visit(name);
  return [...order];
}

const IMPORT = /^import (?:([\w$]+)(?:, | (?=from)))?(?:(\{[^}]*\}|\* as [\w$]+) )?(?:from )?"([^"]+)";$/gm;
const EXPORT = /^export (?:\{([^}]*)\}|default (.*));$/gm;

function isChunk(from, chunks) {
  return chunks.has(from.replace(/^\.\//, ''));
}

function asFunctionBody({ name, text }, index) {
  const sourceOf = (from) =>
    isChunk(from, index) ? `need(${index.get(from.slice(2))})` : `require(${JSON.stringify(from)})`;
  const exported = [];
  const body = text
    .replace(IMPORT, (_, all, named, from) => {
      const source = sourceOf(from);
      const lines = [
        // A CommonJS file is its own default export.
        ...(all === undefined ? [] : [`const ${all} = ${source};`]),
        ...(named === undefined
          ? []
          : [`const ${named.replace(/^\* as /, '').replaceAll(RENAMED, '$1: $2')} = ${source};`]),
      ];
      return lines.length === 0 ? `${source};` : lines.join('\n');
    })
    .replace(EXPORT, (_, named, all) => {
      exported.push(all === undefined ? named.replaceAll(RENAMED, '$2: $1') : `default: ${all}`);
      return '';
    })
    .replaceAll(/\bimport\("([^"]+)"\)/g, (_, from) => `Promise.resolve().then(() => ${sourceOf(from)})`);
  if (/\bimport\((?!\))|\bimport\.meta\b/.test(body)) throw new Error(`an import() in ${name} was not understood`);
  return `${body}\nreturn {${exported.join(',\n')}};`;
}

const RENAMED = /([\w$]+) as ([\w$]+)/g;
