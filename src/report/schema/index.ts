// Schemas by name, with what prints a document or a line of that kind.

import { jsonText } from '../../base/text.ts';
import { PUBLIC_TABLES } from '../../store/tables.ts';
import * as documents from './documents.ts';
import { rowOf, type Schema } from './terms.ts';

export interface NamedSchema {
  readonly name: string;
  /** The command whose output it describes. */
  readonly printedBy: string;
  readonly schema: Schema;
}

const DOCUMENTS: readonly NamedSchema[] = [
  { name: 'report', printedBy: 'report --json, analyze --json, live --json', schema: documents.report },
  { name: 'catalog', printedBy: 'services --json', schema: documents.catalog },
  { name: 'services', printedBy: 'services --run ID --json', schema: documents.services },
  { name: 'explain', printedBy: 'explain --json', schema: documents.explain },
  { name: 'rules', printedBy: 'rules --json', schema: documents.rules },
  { name: 'diff', printedBy: 'diff --json', schema: documents.diff },
  { name: 'interfaces', printedBy: 'interfaces --json', schema: documents.interfaces },
  { name: 'doctor', printedBy: 'doctor --json', schema: documents.doctor },
];

const LINES: readonly NamedSchema[] = [
  { name: 'run', printedBy: 'runs --format jsonl', schema: documents.runRow },
  { name: 'service', printedBy: 'services --format jsonl', schema: documents.catalogRow },
  { name: 'note', printedBy: 'live --json (standard error), --on-finding', schema: documents.note },
];

/** Listings of one table print its rows: `findings` and `flows` with `--format jsonl`, `services` with a run. */
const ALSO: Readonly<Record<string, string>> = {
  findings: ', findings --format jsonl',
  flow_records: ', flows --format jsonl',
  service_counts: ', services --run ID --format jsonl',
};

export const SCHEMAS: readonly NamedSchema[] = [
  ...DOCUMENTS,
  ...LINES,
  ...PUBLIC_TABLES.map((table) => ({
    name: table.name,
    printedBy: `export ${table.name} --format jsonl${ALSO[table.name] ?? ''}`,
    schema: rowOf(table),
  })),
];

export const SCHEMA_NAMES = SCHEMAS.map(({ name }) => name);

/** The schema as a document of its own. Throws where there is none: names come from `SCHEMA_NAMES`. */
export function schemaDocument(name: string): string {
  const found = SCHEMAS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no schema ${name}`);
  return `${jsonText(
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:xports:schema:${name}`,
      title: `xports ${found.printedBy}`,
      ...found.schema,
    },
    2,
  )}\n`;
}
