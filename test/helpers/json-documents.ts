import { readFileSync } from 'node:fs';
import type { Schema } from '../../scripts/schemas/json-schema.ts';
import { COMMAND_NAMES } from '../../src/cli/command-names.ts';

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Compares each JSON document of a run with its published schema, and accepts no other field.
 * @param args the arguments of the program.
 * @throws Error naming the wrong field.
 */
export async function assertDocuments(args: readonly string[], output: Output): Promise<void> {
  const name = schemaNameOf(args);
  if (name === undefined) return;
  for (const document of documentsOf(args, output)) {
    const problem = await problemOf(document, name);
    if (problem !== undefined)
      throw new Error(
        `claude-mem ${args.join(' ')}: the document does not fit docs/schemas/${name}.json: ${problem}. Its types may have ` +
          `changed: run \`npm run docs\`.\n${JSON.stringify(document)}`,
      );
  }
}

/** The schema of what a command prints; undefined if that is no JSON. */
function schemaNameOf(args: readonly string[]): string | undefined {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const command = own[0] ?? '';
  if (command === 'snapshot' && !own.slice(1).some((word) => !word.startsWith('-'))) return 'process-snapshot';
  if (!own.includes('--json') || own.includes('--help') || !isCommand(command)) return undefined;
  return command === 'leaks' && own.includes('--watch') ? 'leaks-watch' : command;
}

/** `search-server` and `hook` use formats of others, and `monit` has no document. */
function isCommand(word: string): boolean {
  return (COMMAND_NAMES as readonly string[]).includes(word) && !['search-server', 'hook', 'monit'].includes(word);
}

/** Skips text that is no JSON: the test may have broken the output. */
function documentsOf(args: readonly string[], { stdout, stderr }: Output): readonly unknown[] {
  const whole = parsed(stdout);
  if (whole.length > 0) return whole;
  // The output of `verify -- COMMAND` belongs to that command.
  return (args.includes('--') ? stderr : stdout)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap(parsed);
}

function parsed(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? [value] : [];
  } catch {
    return [];
  }
}

/** @returns the first problems; undefined if the document fits. */
export async function problemOf(document: unknown, name: string): Promise<string | undefined> {
  const isError = Object.keys(document as object).join() === 'schemaVersion,command,error';
  const key = isError ? 'error' : name;
  const validate = validators.get(key) ?? (await createValidator(name, isError));
  validators.set(key, validate);
  const result = validate(document);
  return result.valid ? undefined : result.errorMessage;
}

type Validate = (value: unknown) => { readonly valid: boolean; readonly errorMessage: string | undefined };
const validators = new Map<string, Validate>();

/** The message about a document that is no error names its own fields, if it is not compared with an error too. */
async function createValidator(name: string, isError: boolean): Promise<Validate> {
  const { AjvJsonSchemaValidator } = await import('@modelcontextprotocol/sdk/validation/ajv');
  const schema = schemaOf(name);
  const parts = (schema.anyOf ?? []).filter(({ $ref }) => ($ref === '#/$defs/ErrorReport') === isError);
  const { $defs = {} } = schema;
  const chosen = { $defs, ...(parts.length === 1 ? parts[0] : { anyOf: parts }) };
  return new AjvJsonSchemaValidator().getValidator(closed(chosen) as never);
}

function schemaOf(name: string): Schema {
  return JSON.parse(readFileSync(new URL(`../../docs/schemas/${name}.json`, import.meta.url), 'utf8')) as Schema;
}

/** The published schemas accept fields of later versions. A test must not. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, closed(part)]));
  const isOpen = 'required' in copy && !('additionalProperties' in copy);
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}
