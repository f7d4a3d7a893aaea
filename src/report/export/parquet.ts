// Rows as a Parquet file (Apache Parquet format 2, with Snappy), a row group at a time: what is in memory is one group
// and the places of those before it, however many rows there are.

import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Cell } from '../../store/rows.ts';
import type { ColumnType, PublicTable, TableColumn } from '../../store/tables.ts';

/** Enough for compression to find what repeats; some 40 MB of memory for flows. */
const GROUP_ROWS = 20_000;

type Value = string | number | bigint | null;

/** How a column is stored: LogicalTypes.md of the format. */
const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  count: { type: 'INT64' },
  small: { type: 'INT32' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
};

/** The bytes of the file, in parts. `madeBy` is the program's name and version. */
export function* parquetChunks(
  table: PublicTable,
  rows: Iterable<readonly Cell[]>,
  madeBy: string,
): IterableIterator<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: schemaOf(table), createdBy: madeBy });
  let group = emptyGroup(table);
  let count = 0;
  for (const row of rows) {
    for (let i = 0; i < group.length; i++) group[i].push(stored(table.columns[i], row[i]));
    if (++count < GROUP_ROWS) continue;
    writeGroup(writer, table, group);
    yield taken(bytes);
    group = emptyGroup(table);
    count = 0;
  }
  if (count > 0) writeGroup(writer, table, group);
  void writer.finish();
  yield taken(bytes);
}

function emptyGroup(table: PublicTable): Value[][] {
  return table.columns.map(() => []);
}

function writeGroup(writer: ParquetWriter, table: PublicTable, group: readonly Value[][]): void {
  const columnData = table.columns.map(({ name }, i) => ({ name, data: group[i] }));
  // It waits for nothing, since the writer is memory.
  void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
}

function stored({ type }: TableColumn, value: Cell): Value {
  return typeof value === 'number' && type !== 'small' ? BigInt(value) : value;
}

/** What was written since the last time; `offset`, by which the file's own places are told, goes on. */
function taken(bytes: ByteWriter): Uint8Array {
  const chunk = bytes.getBytes().slice();
  bytes.index = 0;
  return chunk;
}

function schemaOf({ name, columns }: PublicTable): SchemaElement[] {
  return [
    { name, num_children: columns.length },
    ...columns.map(
      (column): SchemaElement => ({
        ...TYPES[column.type],
        name: column.name,
        repetition_type: column.nullable ? 'OPTIONAL' : 'REQUIRED',
      }),
    ),
  ];
}
