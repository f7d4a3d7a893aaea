// A connection that shows every address as another: temporary views stand before the tables of the same names, so that
// whatever is asked, by name, is answered without the real ones. Nothing is written to the database.

import type { Database } from 'better-sqlite3';
import { HOST_VIEW, VIEWS } from './views.ts';

/** What stands in place of addresses, and of addresses within words. */
export interface Shown {
  readonly address: (text: string) => string;
  readonly text: (text: string) => string;
}

const ADDRESS = (column: string) => `shown_address(${column})`;
const TEXT = (column: string) => `shown_text(${column})`;

/** Columns that hold addresses or names of hosts and files, and what is shown of them. */
const COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  addresses: { address: ADDRESS('address') },
  rpc_endpoints: { server: ADDRESS('server') },
  runs: {
    sensor: "'sensor'",
    host: "'host'",
    source: "CASE source_kind WHEN 'file' THEN 'capture' ELSE source_kind END",
    policy: TEXT('policy'),
    options: TEXT('options'),
    message: 'NULL',
  },
  sources: { path: "CASE path WHEN '-' THEN '-' ELSE 'capture ' || source_id END", damage: TEXT('damage') },
  finding_texts: {
    title: TEXT('title'),
    explanation: TEXT('explanation'),
    suggestion: TEXT('suggestion'),
  },
  allowed_services: { initiators: TEXT('initiators'), responders: TEXT('responders') },
  policy_exceptions: { matches: TEXT('matches'), reason: TEXT('reason') },
  host_rows: { evidence: TEXT('evidence') },
};

/** Puts the views in place, for as long as the connection is open. */
export function showOthers(db: Database, shown: Shown): void {
  const orNull = (map: (text: string) => string) => (value: unknown) =>
    typeof value === 'string' ? map(value) : null;
  db.function('shown_address', { deterministic: true }, orNull(shown.address));
  db.function('shown_text', { deterministic: true }, orNull(shown.text));
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const names = db.pragma(`main.table_info(${table})`) as { name: string }[];
    const list = names.map(({ name }) => (name in columns ? `${columns[name]} AS ${name}` : name));
    db.exec(`CREATE TEMP VIEW ${table} AS SELECT ${list.join(', ')} FROM main.${table}`);
  }
  db.exec((VIEWS + HOST_VIEW).replaceAll('CREATE VIEW', 'CREATE TEMP VIEW'));
}
