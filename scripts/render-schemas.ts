// Renders the JSON Schemas of `docs/schemas/` and the public types of `src/wiring/documents.ts` from the types of the program: `npm run docs`.
// With --check it changes nothing and fails if a file is outdated.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { schemasOf, type Schema } from './schemas/json-schema.ts';
import { renderTypes } from './schemas/typescript.ts';

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const TYPES = 'src/wiring/documents.ts';
/** The documents that the functions of the package return. */
const RETURNED = ['leaks', 'reap', 'status', 'verify', 'process-snapshot'];

const schemas = schemasOf('scripts/schemas/documents.ts', 'Documents');
mkdirSync('docs/schemas', { recursive: true });
for (const [name, schema] of schemas) await write(`docs/schemas/${name}.json`, JSON.stringify(published(name, schema)));
for (const name of readdirSync('docs/schemas'))
  if (!schemas.has(name.slice(0, -'.json'.length))) remove(`docs/schemas/${name}`);
const returned = RETURNED.map((name) => schemas.get(name)!);
await write(TYPES, `// Rendered by \`npm run docs\` from the types of the documents.\n\n${renderTypes(returned)}`);

function published(name: string, schema: Schema): Schema {
  const title = `claude-mem ${name}`;
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...schema };
}

async function write(path: string, text: string): Promise<void> {
  const formatted = await format(text, { ...(await resolveConfig(path)), filepath: path });
  if (formatted === readIfThere(path)) return;
  if (options.check) fail(path);
  else {
    writeFileSync(path, formatted);
    console.log(`rendered ${path}`);
  }
}

function remove(path: string): void {
  if (options.check) fail(path);
  else rmSync(path);
}

function fail(path: string): void {
  process.exitCode = 1;
  console.error(`${path} is out of date; run \`npm run docs\`.`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
