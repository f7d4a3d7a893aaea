// xports schema: what the JSON of the other commands looks like, as JSON Schema.

import { Argument, Command } from 'commander';
import { formatRows } from '../report/rows.ts';
import { SCHEMA_NAMES, SCHEMAS, schemaDocument } from '../report/schema/index.ts';
import type { Context } from './context.ts';

const HELP = `
Examples:
  xports schema
      the names, and what prints such JSON
  xports schema report > report.schema.json
  xports schema flow_records
      a line of xports flows --format jsonl`;

export function schemaCommand(context: Context): Command {
  return new Command('schema')
    .description('print the JSON Schema of what other commands print as JSON')
    .addArgument(
      new Argument('[name]', 'which schema; all are listed where it is left out').choices(SCHEMA_NAMES),
    )
    .addHelpText('after', HELP)
    .action(async (name: string | undefined) => {
      if (name !== undefined) return context.out.write(schemaDocument(name));
      const rows = SCHEMAS.map((each) => [each.name, `xports ${each.printedBy}`]);
      await context.out.writeLines(formatRows('table', ['name', 'describes'], rows));
    });
}
