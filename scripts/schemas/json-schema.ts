import ts from 'typescript';

/** The part of JSON Schema (draft 2020-12) that the types need. */
export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/**
 * Derives the JSON Schema of each property of an exported interface: of the value after `JSON.stringify`. Named types become `$defs`.
 * @throws Error for a type that JSON cannot have.
 */
export function schemasOf(file: string, name: string): ReadonlyMap<string, Schema> {
  const program = ts.createProgram([file], { ...compilerOptions(), noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  const root = module && checker.getExportsOfModule(module).find((symbol) => symbol.getName() === name);
  if (root === undefined) throw new Error(`${file} does not export ${name}`);
  const documents = checker.getDeclaredTypeOfSymbol(root).getProperties();
  // One writer, so that a type has the same name in all schemas.
  const writer = new SchemaWriter(checker);
  const schemas = documents.map(
    (property) => [property.getName(), writer.schemaOf(checker.getTypeOfSymbol(property), property.getName())] as const,
  );
  return new Map(
    schemas.map(([title, schema]) => [title, { ...schema, $defs: reachable(schema, writer.definitions) }]),
  );
}

/** The definitions that a schema refers to, in alphabetical order. */
function reachable(schema: Schema, all: ReadonlyMap<string, Schema>): Readonly<Record<string, Schema>> {
  const found = new Set<string>();
  const visit = (part: Schema): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      visit(all.get(name)!);
    }
  };
  visit(schema);
  return Object.fromEntries([...found].sort().map((name) => [name, all.get(name)!]));
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  return ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, '.').options;
}

class SchemaWriter {
  readonly #checker: ts.TypeChecker;
  readonly #names = new Map<ts.Type, string>();
  readonly definitions = new Map<string, Schema>();

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  /** @param path for errors. */
  schemaOf(type: ts.Type, path: string): Schema {
    const scalar = scalarSchema(type);
    if (scalar !== undefined) return scalar;
    if (type.isUnion()) return this.#union(type, path);
    const items = this.#checker.isArrayLikeType(type)
      ? this.#checker.getIndexTypeOfType(type, ts.IndexKind.Number)
      : undefined;
    if (items !== undefined) return { type: 'array', items: this.schemaOf(items, `${path}[]`) };
    if ((type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) === 0 || type.getCallSignatures().length > 0)
      throw new Error(`${path}: JSON has no ${this.#checker.typeToString(type)}`);
    const name = nameOf(type);
    return name === undefined ? this.#object(type, path) : { $ref: `#/$defs/${this.#define(type, name, path)}` };
  }

  #union(type: ts.UnionType, path: string): Schema {
    const members = type.types.filter(({ flags }) => (flags & ts.TypeFlags.Undefined) === 0);
    const isBoolean = members.filter(({ flags }) => (flags & ts.TypeFlags.BooleanLiteral) !== 0).length === 2;
    const literals = members.flatMap((member) => (isBoolean && isFlag(member) ? [] : literalOf(member))).sort(byText);
    const others = members.filter((member) => literalOf(member).length === 0);
    const parts = [
      ...(isBoolean ? [{ type: 'boolean' }] : []),
      ...others.map((member) => this.schemaOf(member, path)),
      ...(literals.length === 0 ? [] : [literals.length === 1 ? literalSchema(literals[0]) : { enum: literals }]),
    ].sort(byText);
    if (parts.length === 1) return parts[0]!;
    const simple = parts.map((part) => simpleType(part)).filter((part) => part !== undefined);
    return simple.length === parts.length ? { type: simple } : { anyOf: parts };
  }

  #define(type: ts.Type, wanted: string, path: string): string {
    const known = this.#names.get(type);
    if (known !== undefined) return known;
    this.#names.set(type, wanted);
    const schema = this.#object(type, path);
    const other = this.definitions.get(wanted);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(schema))
      throw new Error(`${path}: there are two types ${wanted}; rename one, because their names are public`);
    this.definitions.set(wanted, schema);
    return wanted;
  }

  #object(type: ts.Type, path: string): Schema {
    const values = this.#checker.getIndexTypeOfType(type, ts.IndexKind.String);
    // The checker's order of the properties of `Pick<…>` may change with any other type.
    const all = this.#checker.getPropertiesOfType(type).sort((left, right) => positionOf(left) - positionOf(right));
    const properties = all.map((property) => {
      const schema = this.schemaOf(this.#checker.getTypeOfSymbol(property), `${path}.${property.getName()}`);
      return [property.getName(), described(schema, property, this.#checker)] as const;
    });
    const required = all
      .filter((property) => (property.flags & ts.SymbolFlags.Optional) === 0)
      .map((property) => property.getName());
    return {
      type: 'object',
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
      ...(required.length === 0 ? {} : { required }),
      ...(values === undefined ? {} : { additionalProperties: this.schemaOf(values, `${path}.*`) }),
    };
  }
}

/** The order of a union is the checker's, too. `null` comes last. */
function byText(left: unknown, right: unknown): number {
  const isNull = (value: unknown) => Number(value === null || (value as Schema).type === 'null');
  return isNull(left) - isNull(right) || (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);
}

function positionOf(property: ts.Symbol): number {
  return property.declarations?.[0]?.pos ?? 0;
}

function scalarSchema(type: ts.Type): Schema | undefined {
  if ((type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0) return {};
  if ((type.flags & (ts.TypeFlags.String | ts.TypeFlags.TemplateLiteral)) !== 0) return { type: 'string' };
  if ((type.flags & ts.TypeFlags.Number) !== 0) return { type: 'number' };
  const [literal] = literalOf(type);
  return literal === undefined ? undefined : literalSchema(literal);
}

function literalSchema(literal: unknown): Schema {
  return literal === null ? { type: 'null' } : { const: literal };
}

/** The type of a schema that says no more than its type. */
function simpleType(schema: Schema): string | undefined {
  return typeof schema.type === 'string' && Object.keys(schema).length === 1 ? schema.type : undefined;
}

function literalOf(type: ts.Type): readonly unknown[] {
  if (type.isStringLiteral() || type.isNumberLiteral()) return [type.value];
  if ((type.flags & ts.TypeFlags.Null) !== 0) return [null];
  if (isFlag(type)) return [(type as ts.Type & { readonly intrinsicName: string }).intrinsicName === 'true'];
  return [];
}

function isFlag({ flags }: ts.Type): boolean {
  return (flags & ts.TypeFlags.BooleanLiteral) !== 0;
}

/** Only interfaces and aliases that stand for one object; `Pick<…>` and the like are written out. */
function nameOf(type: ts.Type): string | undefined {
  if (type.aliasSymbol !== undefined && (type.aliasTypeArguments ?? []).length === 0) return type.aliasSymbol.getName();
  const symbol = type.getSymbol();
  return symbol !== undefined && (symbol.flags & ts.SymbolFlags.Interface) !== 0 ? symbol.getName() : undefined;
}

function described(schema: Schema, property: ts.Symbol, checker: ts.TypeChecker): Schema {
  const description = ts.displayPartsToString(property.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ').trim();
  return description === '' ? schema : { description, ...schema };
}
