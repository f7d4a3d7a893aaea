// JSON Schema (draft 2020-12) in the few words that our documents need. Objects may get more fields with a version, so no
// schema forbids them; what is `required` stays.

import type { PublicTable, TableColumn } from '../../store/tables.ts';

export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const port: Schema = { type: 'integer', minimum: 0, maximum: 65_535 };
export const time: Schema = { type: 'integer', description: 'Microseconds since 1970-01-01 UTC.' };

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function oneOf(...values: readonly (string | number)[]): Schema {
  return { enum: values };
}

export interface ObjectSchema extends Schema {
  readonly properties: Readonly<Record<string, Schema>>;
}

/** An object that always has these fields. */
export function object(properties: Readonly<Record<string, Schema>>): ObjectSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** A row of a table or view, as JSON lines and documents have it, without the columns named in `left`. */
export function rowOf({ columns }: PublicTable, left: readonly string[] = []): ObjectSchema {
  const kept = columns.filter(({ name }) => !left.includes(name));
  return object(Object.fromEntries(kept.map((column) => [column.name, columnSchema(column)])));
}

function columnSchema({ type, nullable, values }: TableColumn): Schema {
  const schema = values === null ? TYPES[type] : oneOf(...values);
  return nullable ? orNull(schema) : schema;
}

const TYPES = { text, count, small: count, time } as const;
