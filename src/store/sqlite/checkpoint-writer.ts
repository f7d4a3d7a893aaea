// The small rows of a checkpoint: totals, sources, skip reasons, findings and their words, minutes and facts.

import type { Database, Statement } from 'better-sqlite3';
import { transportName } from '../../base/transport.ts';
import { interfaceName } from '../../learn/interfaces.ts';
import { SERVICE_IDS } from '../../service/catalog.ts';
import type { AddressTexts, Checkpoint, RunTotals } from '../sink.ts';

export class CheckpointWriter {
  private readonly totals: Statement;
  private readonly source: Statement;
  private readonly skipped: Statement;
  private readonly text: Statement;
  private readonly finding: Statement;
  private readonly dropFindings: Statement;
  private readonly dropMinutes: Statement;
  private readonly endpoint: Statement;
  private readonly minute: Statement;
  private readonly fact: Statement;
  private readonly exception: Statement;
  private readonly host: Statement;
  private readonly dropHosts: Statement;
  private readonly beat: Statement;
  private readonly end: Statement;
  private readonly breathe: () => void;
  private readonly account: Statement;
  private readonly renewEndpoint: Statement;
  private readonly remembered: Statement;
  private readonly dropRemembered: Statement;
  private endpointsWritten = 0;
  private endpointsCommitted = 0;
  /** Of each endpoint that is written, its row and the time it has there. */
  private readonly endpointRows: { id: number | bigint; lastSeenUs: number }[] = [];
  private renewed: number[] = [];
  private skippedPackets = 0;
  private skippedBytes = 0;

  constructor(db: Database, runId: number, breathe: () => void) {
    this.breathe = breathe;
    const insert = (table: string, columns: string) => {
      const marks = columns.split(',').map(() => '?');
      return db.prepare(
        `INSERT OR REPLACE INTO ${table} (run_id, ${columns}) VALUES (${runId}, ${marks.join(', ')})`,
      );
    };
    this.source = insert(
      'sources',
      'source_id, path, format, link_types, snaplen, packets, bytes, first_packet_us, last_packet_us, damage_offset, damage',
    );
    this.skipped = insert('skipped', 'reason, packets, bytes');
    this.text = insert('finding_texts', 'text_id, title, explanation, suggestion');
    this.finding = insert(
      'finding_rows',
      'finding_id, kind, severity, status, transport, port, responder_id, initiator_id, initiators, flows, packets, bytes, outcome, first_seen_us, last_seen_us, text_id',
    );
    this.endpoint = insert(
      'rpc_endpoints',
      'server, transport, port, interface_uuid, interface_name, basis, first_seen_us, last_seen_us',
    );
    this.renewEndpoint = db.prepare('UPDATE rpc_endpoints SET last_seen_us = ? WHERE rowid = ?');
    this.remembered = insert(
      'remembered_endpoints',
      'server, transport, port, interface_uuid, interface_name, status, learned_run_id, last_learned_us',
    );
    this.dropRemembered = db.prepare(`DELETE FROM remembered_endpoints WHERE run_id = ${runId}`);
    this.minute = insert('service_minutes', 'service, start_us, width_us, packets, bytes');
    this.fact = insert('run_facts', 'name, value');
    this.exception = insert(
      'policy_exceptions',
      'exception_id, line, matches, reason, expires, status, flows, packets, bytes, first_seen_us, last_seen_us',
    );
    this.host = insert('host_rows', 'address_id, role, confidence, evidence');
    this.dropHosts = db.prepare(`DELETE FROM host_rows WHERE run_id = ${runId}`);
    this.dropFindings = db.prepare(`DELETE FROM finding_rows WHERE run_id = ${runId} AND finding_id > ?`);
    this.dropMinutes = db.prepare(`DELETE FROM service_minutes WHERE run_id = ${runId}`);
    this.totals = db.prepare(`UPDATE runs SET heartbeat_us = ?, packets = ?, bytes = ?,
      packets_out_of_order = ?, kernel_dropped = ?, interface_dropped = ?, first_packet_us = ?,
      last_packet_us = ? WHERE id = ${runId}`);
    this.account = db.prepare(`UPDATE runs SET packets = ?, bytes = ? WHERE id = ${runId}`);
    this.beat = db.prepare(`UPDATE runs SET heartbeat_us = ? WHERE id = ${runId}`);
    this.end = db.prepare(
      `UPDATE runs SET status = ?, message = ?, heartbeat_us = ?, finished_at_us = ? WHERE id = ${runId}`,
    );
  }

  committed(): void {
    this.endpointsCommitted = this.endpointsWritten;
    this.renewed = [];
  }

  rolledBack(): void {
    this.endpointsWritten = this.endpointsCommitted;
    for (const n of this.renewed) this.endpointRows[n].lastSeenUs = -1;
    this.renewed = [];
  }

  /** Findings, which can be thousands, come first; the rest stands in one transaction with the totals. */
  write(state: Checkpoint, addresses: AddressTexts): void {
    this.findings(state);
    this.endpoints(state, addresses);
    this.memory(state, addresses);
    this.hosts(state);
    for (const [i, row] of state.sources.entries()) {
      this.source.run(
        i + 1,
        row.path,
        row.format,
        row.linkTypes,
        row.snaplen,
        row.packets,
        row.bytes,
        row.firstPacketUs,
        row.lastPacketUs,
        row.damageOffset,
        row.damage,
      );
    }
    this.skippedPackets = 0;
    this.skippedBytes = 0;
    for (const row of state.skipped) {
      this.skipped.run(row.reason, row.packets, row.bytes);
      this.skippedPackets += row.packets;
      this.skippedBytes += row.bytes;
    }
    this.dropMinutes.run();
    for (const row of state.minutes) {
      this.minute.run(SERVICE_IDS[row.service], row.startUs, row.widthUs, row.packets, row.bytes);
    }
    for (const [name, value] of Object.entries(state.facts)) this.fact.run(name, value);
    for (const [i, row] of state.exceptions.entries()) {
      this.exception.run(
        i + 1,
        row.line,
        row.text,
        row.reason,
        row.expires,
        row.status,
        row.flows,
        row.packets,
        row.bytes,
        row.firstSeenUs,
        row.lastSeenUs,
      );
    }
    this.updateTotals(state.totals);
  }

  /** Makes the run's totals those of the pairs and skip reasons that are written, in the middle of a checkpoint. */
  stored(pairPackets: number, pairBytes: number): void {
    this.account.run(pairPackets + this.skippedPackets, pairBytes + this.skippedBytes);
  }

  heartbeat(): void {
    this.beat.run(nowUs());
  }

  finish(status: string, message: string | null): void {
    const now = nowUs();
    this.end.run(status, message, now, now);
  }

  private findings(state: Checkpoint): void {
    for (const [i, text] of state.texts.entries()) {
      this.text.run(i, text.title, text.explanation, text.suggestion);
    }
    for (const [i, row] of state.findings.entries()) {
      this.finding.run(
        i + 1,
        row.kind,
        row.severity,
        row.status,
        transportName(row.protocol),
        row.port,
        row.responderId,
        row.initiatorId,
        row.initiators,
        row.flows,
        row.packets,
        row.bytes,
        row.outcome,
        row.firstSeenUs,
        row.lastSeenUs,
        row.text,
      );
      if (i % 500 === 499) this.breathe();
    }
    this.dropFindings.run(state.findings.length);
  }

  private hosts({ hosts }: Checkpoint): void {
    if (hosts === null) return;
    this.dropHosts.run();
    for (const [i, { addressId, role, confidence, evidence }] of hosts.entries()) {
      this.host.run(addressId, role, confidence, evidence);
      if (i % 500 === 499) this.breathe();
    }
  }

  private endpoints({ endpoints }: Checkpoint, addresses: AddressTexts): void {
    for (let n = 0; n < this.endpointsWritten; n++) {
      const { lastSeenUs } = endpoints[n];
      const row = this.endpointRows[n];
      if (row.lastSeenUs === lastSeenUs) continue;
      this.renewEndpoint.run(lastSeenUs, row.id);
      row.lastSeenUs = lastSeenUs;
      this.renewed.push(n);
    }
    for (; this.endpointsWritten < endpoints.length; this.endpointsWritten++) {
      const endpoint = endpoints[this.endpointsWritten];
      const { serverId, udp, port, interfaceUuid, basis, firstSeenUs, lastSeenUs } = endpoint;
      const { lastInsertRowid: id } = this.endpoint.run(
        addresses.text(serverId),
        udp ? 'udp' : 'tcp',
        port,
        interfaceUuid || null,
        interfaceName(interfaceUuid),
        basis,
        firstSeenUs,
        lastSeenUs,
      );
      this.endpointRows[this.endpointsWritten] = { id, lastSeenUs };
    }
  }

  private memory({ remembered }: Checkpoint, addresses: AddressTexts): void {
    if (remembered === undefined) return;
    this.dropRemembered.run();
    for (const { serverId, port, interfaceUuid, status, runId, lastLearnedUs } of remembered) {
      const name = interfaceName(interfaceUuid);
      const server = addresses.text(serverId);
      this.remembered.run(server, 'tcp', port, interfaceUuid || null, name, status, runId, lastLearnedUs);
    }
  }

  private updateTotals(totals: RunTotals): void {
    this.totals.run(
      nowUs(),
      totals.packets,
      totals.bytes,
      totals.packetsOutOfOrder,
      totals.kernelDropped,
      totals.interfaceDropped,
      totals.firstPacketUs,
      totals.lastPacketUs,
    );
  }
}

function nowUs(): number {
  return Date.now() * 1000;
}
