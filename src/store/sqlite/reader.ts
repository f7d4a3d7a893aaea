// What reports read from a database, by name. Everything comes from the tables and views others may read too.

import type { Database } from 'better-sqlite3';
import { EXIT, XportsError } from '../../base/errors.ts';
import { printable } from '../../base/text.ts';
import { serviceRow } from '../../service/catalog.ts';
import type {
  AnyRow,
  Cell,
  EndpointRow,
  ExceptionRow,
  FindingViewRow,
  FlowFilter,
  HostViewRow,
  RememberedRow,
  RunChoice,
  RunRow,
  ServiceCountRow,
  SkippedCountRow,
  SourceFileRow,
} from '../rows.ts';
import { databaseError, withDb } from './failure.ts';
import { noRunsError, openForReading } from './open.ts';
import { type Shown, showOthers } from './shown.ts';

const RUN_COLUMNS = `id, run_uid, sensor, source, source_kind, status, started_at_us, finished_at_us,
  heartbeat_us, first_packet_us, last_packet_us, packets, bytes, packets_out_of_order, kernel_dropped,
  interface_dropped, profile, policy, options, version, message`;
const SOURCE_COLUMNS = `run_id, path, format, link_types, snaplen, packets, bytes, first_packet_us,
  last_packet_us, damage_offset, damage`;

/** Findings from the worst to the mildest; those that no longer hold come last. */
const FINDING_ORDER = `run_id, status = 'resolved',
  CASE severity WHEN 'high' THEN 0 WHEN 'medium' THEN 1 WHEN 'low' THEN 2 ELSE 3 END, flows DESC, finding_id`;

export class StoreReader {
  readonly path: string;
  private readonly db: Database;

  /** With `shown`, addresses and names are read as others; the database keeps its own. */
  constructor(path: string, shown: Shown | null = null) {
    this.path = path;
    this.db = openForReading(path);
    if (shown !== null) this.attempt(() => showOthers(this.db, shown));
  }

  /** Runs `read` against one state of the database, whatever is written meanwhile. */
  snapshot<T>(read: () => T): T {
    return this.attempt(() => this.db.transaction(read)());
  }

  runs(): RunRow[] {
    return this.all<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs ORDER BY id`);
  }

  run(id: number): RunRow {
    const [row] = this.all<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = ?`, id);
    if (row === undefined) {
      throw new XportsError(
        'usage',
        EXIT.usage,
        `there is no run ${id} in ${printable(this.path)}`,
        `list them: xports runs ${withDb(this.path)}`.trimEnd(),
      );
    }
    return row;
  }

  latestRunId(): number {
    const [row] = this.all<{ id: number | null }>('SELECT max(id) AS id FROM runs');
    if (row.id === null) {
      throw noRunsError(this.path);
    }
    return row.id;
  }

  sources(runId: number): SourceFileRow[] {
    return this.all(`SELECT ${SOURCE_COLUMNS} FROM sources WHERE run_id = ? ORDER BY source_id`, runId);
  }

  skipped(runId: number): SkippedCountRow[] {
    return this.all(
      'SELECT run_id, reason, packets, bytes FROM skipped WHERE run_id = ? ORDER BY packets DESC, reason',
      runId,
    );
  }

  serviceCounts(choice: RunChoice): ServiceCountRow[] {
    const order = 'ORDER BY run_id, bytes DESC, packets DESC, service, transport, port';
    return choice === 'all'
      ? this.all(`SELECT * FROM service_counts ${order}`)
      : this.all(`SELECT * FROM service_counts WHERE run_id = ? ${order}`, choice);
  }

  findings(choice: RunChoice, limit = -1): FindingViewRow[] {
    return choice === 'all'
      ? this.all(`SELECT * FROM findings ORDER BY ${FINDING_ORDER} LIMIT ?`, limit)
      : this.all(`SELECT * FROM findings WHERE run_id = ? ORDER BY ${FINDING_ORDER} LIMIT ?`, choice, limit);
  }

  /** Who is who, servers first, and among equals in the order of their addresses' first use. */
  hosts(runId: number): HostViewRow[] {
    return this.all(
      `SELECT a.run_id, a.address, h.role, h.confidence, h.evidence FROM host_rows h
       CROSS JOIN addresses a ON a.run_id = h.run_id AND a.address_id = h.address_id
       WHERE h.run_id = ?
       ORDER BY CASE h.role WHEN 'mailbox' THEN 0 WHEN 'edge' THEN 1 WHEN 'dag-member' THEN 2
         WHEN 'domain-controller' THEN 3 WHEN 'global-catalog' THEN 4 WHEN 'dns' THEN 5 WHEN 'mail-peer' THEN 6 ELSE 7
         END, h.address_id`,
      runId,
    );
  }

  /** The policy's exceptions, in the order of the file. */
  exceptions(runId: number): ExceptionRow[] {
    return this.all('SELECT * FROM policy_exceptions WHERE run_id = ? ORDER BY exception_id', runId);
  }

  /** How many open findings of each severity there are. */
  openFindings(runId: number): ReadonlyMap<string, number> {
    const rows = this.all<{ severity: string; findings: number }>(
      `SELECT severity, count(*) AS findings FROM finding_rows
       WHERE run_id = ? AND status = 'open' GROUP BY severity`,
      runId,
    );
    return new Map(rows.map((row) => [row.severity, row.findings]));
  }

  /** How many findings there are, those that no longer hold included. */
  findingsTotal(runId: number): number {
    const [row] = this.all<{ findings: number }>(
      'SELECT count(*) AS findings FROM finding_rows WHERE run_id = ?',
      runId,
    );
    return row.findings;
  }

  /** Learned RPC endpoints, in the order of servers and ports. */
  endpoints(runId: number): EndpointRow[] {
    return this.all('SELECT * FROM rpc_endpoints WHERE run_id = ? ORDER BY server, transport, port', runId);
  }

  /** RPC endpoints of earlier runs that this one went by or could have, in the same order. */
  remembered(runId: number): RememberedRow[] {
    return this.all(
      'SELECT * FROM remembered_endpoints WHERE run_id = ? ORDER BY server, transport, port, interface_uuid',
      runId,
    );
  }

  /** The counts behind the line of confidence; what is not known is 0. */
  facts(runId: number): (name: string) => number {
    const rows = this.all<{ name: string; value: number }>(
      'SELECT name, value FROM run_facts WHERE run_id = ?',
      runId,
    );
    const facts = new Map(rows.map((row) => [row.name, row.value]));
    return (name) => facts.get(name) ?? 0;
  }

  /**
   * Flows one after the other, so that any number of them can pass, as the cells of `columns`: an object a row
   * takes twice as long.
   */
  *flows(
    choice: RunChoice,
    filter: FlowFilter,
    columns: readonly string[],
    limit = -1,
  ): IterableIterator<Cell[]> {
    const { where, values } = this.flowConditions(choice, filter);
    try {
      const statement = this.db
        .prepare(
          `SELECT ${columns.join(', ')} FROM flow_records ${where} ORDER BY run_id, flow_id LIMIT @limit`,
        )
        .raw();
      yield* statement.iterate({ ...values, limit }) as IterableIterator<Cell[]>;
    } catch (error) {
      throw databaseError('read', this.path, error);
    }
  }

  countFlows(choice: RunChoice, filter: FlowFilter): number {
    const { where, values } = this.flowConditions(choice, filter);
    const [row] = this.all<{ flows: number }>(`SELECT count(*) AS flows FROM flow_records ${where}`, values);
    return row.flows;
  }

  flowColumns(): string[] {
    return this.attempt(() =>
      this.db
        .prepare('SELECT * FROM flow_records LIMIT 0')
        .columns()
        .map((column) => column.name),
    );
  }

  /** Whether the profile or policy of any run names it. */
  hasService(service: string): boolean {
    return this.all('SELECT 1 FROM allowed_services WHERE service = ? LIMIT 1', service).length > 0;
  }

  /** The label of a service in the catalog, for people. */
  label(service: string, transport: string): string {
    return service === 'unlisted' ? 'not on the list' : (serviceRow(service, transport)?.label ?? service);
  }

  close(): void {
    this.db.close();
  }

  private flowConditions(choice: RunChoice, filter: FlowFilter): { where: string; values: AnyRow } {
    const conditions: string[] = [];
    const values: Record<string, string | number> = {};
    const equal = (
      column: 'run_id' | 'service' | 'verdict' | 'transport',
      value: string | number | undefined,
    ) => {
      if (value === undefined) return;
      conditions.push(`${column} = @${column}`);
      values[column] = value;
    };
    equal('run_id', choice === 'all' ? undefined : choice);
    equal('service', filter.service);
    equal('verdict', filter.verdict);
    equal('transport', filter.transport);
    if (filter.port !== undefined) {
      conditions.push('responder_port = @port');
      values.port = filter.port;
    }
    if (filter.address !== undefined) {
      values.addresses = JSON.stringify(this.matchingAddresses(choice, filter.address));
      const list = '(SELECT value FROM json_each(@addresses))';
      conditions.push(`(initiator IN ${list} OR responder IN ${list})`);
    }
    return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
  }

  private matchingAddresses(choice: RunChoice, matches: (text: string) => boolean): string[] {
    const rows =
      choice === 'all'
        ? this.all<{ address: string }>('SELECT DISTINCT address FROM addresses')
        : this.all<{ address: string }>('SELECT address FROM addresses WHERE run_id = ?', choice);
    return rows.map((row) => row.address).filter(matches);
  }

  /** Rows of a query, for the questions in the files beside this one. */
  all<T>(sql: string, ...values: unknown[]): T[] {
    return this.attempt(() => this.db.prepare(sql).all(...values) as T[]);
  }

  /** The same as cells, one row after the other, so that any number of them can pass. */
  *cells(sql: string, ...values: unknown[]): IterableIterator<readonly Cell[]> {
    try {
      const rows = this.db
        .prepare(sql)
        .raw()
        .iterate(...values);
      yield* rows as IterableIterator<Cell[]>;
    } catch (error) {
      throw databaseError('read', this.path, error);
    }
  }

  private attempt<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw databaseError('read', this.path, error);
    }
  }
}
