// Parquet files, read back with another program: types, values, and row groups as they come.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { exportChunks } from '../../src/report/export/index.ts';
import { parquetChunks } from '../../src/report/export/parquet.ts';
import type { Cell } from '../../src/store/rows.ts';
import { StoreReader } from '../../src/store/sqlite/reader.ts';
import { tableRows } from '../../src/store/sqlite/table-reader.ts';
import { PUBLIC_TABLES, publicTable } from '../../src/store/tables.ts';
import { storeExchangeRun } from '../store/exchange-run.ts';
import { scratch } from '../store/sample.ts';

function joined(chunks: Iterable<string | Uint8Array>): ArrayBuffer {
  const bytes = Buffer.concat([...chunks].map((chunk) => Buffer.from(chunk)));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

function typesOf({ schema }: FileMetaData): Record<string, string> {
  return Object.fromEntries(
    schema
      .slice(1)
      .map(({ name, type, logical_type: logical, repetition_type: how }) => [
        name,
        `${type} ${logical?.type ?? ''} ${how}`,
      ]),
  );
}

/** Times as whole microseconds, which dates cannot hold. */
const parsers = { timestampFromMicroseconds: (us: bigint) => us };

test('every table comes back cell by cell', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const store = new StoreReader(path);
  t.after(() => store.close());
  for (const table of PUBLIC_TABLES) {
    const request = { table: table.name, format: 'parquet', run: 'all', version: '1' } as const;
    const file = joined(exportChunks(store, request));
    const rows = await parquetReadObjects({ file, parsers });
    const expected = [...tableRows(store, table, 'all')];
    assert.equal(rows.length, expected.length, table.name);
    for (const [i, row] of rows.entries()) {
      const cells = table.columns.map(({ name }) =>
        typeof row[name] === 'bigint' ? Number(row[name]) : row[name],
      );
      assert.deepEqual(cells, expected[i], table.name);
    }
  }
});

test('counts are 64 bits, ports 32, times microseconds of UTC, and what is never NULL is required', (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const store = new StoreReader(path);
  t.after(() => store.close());
  const request = { table: 'flow_records', format: 'parquet', run: 1, version: '9.9' } as const;
  const metadata = parquetMetadata(joined(exportChunks(store, request)));
  const types = typesOf(metadata);
  assert.equal(types.flow_id, 'INT64  REQUIRED');
  assert.equal(types.responder_port, 'INT32  OPTIONAL');
  assert.equal(types.first_seen_us, 'INT64 TIMESTAMP REQUIRED');
  assert.equal(types.responder, 'BYTE_ARRAY STRING REQUIRED');
  assert.equal(types.vlans, 'BYTE_ARRAY STRING OPTIONAL');
  const time = metadata.schema.find(({ name }) => name === 'first_seen_us')?.logical_type;
  assert.deepEqual(time, { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' });
  assert.equal(metadata.created_by, 'xports version 9.9');
});

test('a row group is written as soon as it is full, and no row of it is kept', async () => {
  const table = publicTable('skipped');
  let taken = 0;
  function* many(count: number): Generator<Cell[]> {
    while (taken < count) yield [1, `reason ${taken++ % 10}`, taken, Number.MAX_SAFE_INTEGER - taken];
  }
  const parts: Uint8Array[] = [];
  const seen: number[] = [];
  for (const part of parquetChunks(table, many(50_000), 'test')) {
    parts.push(part);
    seen.push(taken);
  }
  assert.deepEqual(seen, [20_000, 40_000, 50_000]);
  const file = joined(parts);
  const groups = parquetMetadata(file).row_groups.map(({ num_rows }) => Number(num_rows));
  assert.deepEqual(groups, [20_000, 20_000, 10_000]);
  const rows = await parquetReadObjects({ file, rowStart: 39_998, rowEnd: 40_002 });
  assert.deepEqual(rows[2], {
    run_id: 1n,
    reason: 'reason 0',
    packets: 40_001n,
    bytes: BigInt(Number.MAX_SAFE_INTEGER) - 40_001n,
  });
});

test('a table without rows is a file with its columns', () => {
  const metadata = parquetMetadata(joined(parquetChunks(publicTable('rpc_endpoints'), [], 'test')));
  assert.equal(metadata.num_rows, 0n);
  assert.equal(metadata.schema.length, 1 + publicTable('rpc_endpoints').columns.length);
});
