import type { Schema } from './json-schema.ts';

/** Writes the definitions of schemas as TypeScript, for users of the package. */
export function renderTypes(schemas: readonly Schema[]): string {
  const definitions = new Map(schemas.flatMap(({ $defs = {} }) => Object.entries($defs)));
  return [...definitions]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, schema]) =>
      schema.properties === undefined
        ? `export type ${name} = ${renderType(schema)};`
        : `export interface ${name} ${renderType(schema)}`,
    )
    .join('\n\n');
}

function renderType(schema: Schema): string {
  const { $ref, anyOf, items, properties, required = [], additionalProperties, type } = schema;
  if ($ref !== undefined) return $ref.slice('#/$defs/'.length);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (anyOf !== undefined) return anyOf.map(renderType).join(' | ');
  if (items !== undefined) return `readonly (${renderType(items)})[]`;
  if (properties !== undefined) {
    const lines = Object.entries(properties).map(([name, property]) => {
      const comment = property.description === undefined ? '' : `/** ${property.description} */\n`;
      // The library returns objects, in which an absent property may be there as undefined.
      return required.includes(name)
        ? `${comment}readonly ${name}: ${renderType(property)};\n`
        : `${comment}readonly ${name}?: ${renderType(property)} | undefined;\n`;
    });
    return `{\n${lines.join('')}}`;
  }
  if (additionalProperties !== undefined) return `Readonly<Record<string, ${renderType(additionalProperties)}>>`;
  if (type === undefined) return 'unknown';
  return typeof type === 'string' ? type : type.join(' | ');
}
