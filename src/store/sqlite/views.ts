// The views others read, version 1: text for every number that stands for one, NULL for what is not known.
// CROSS JOIN keeps the large table outermost whatever the planner thinks of it without statistics.

/** The words of a finding with the row's own values in place of the names in braces. */
function filledIn(column: string): string {
  const values: readonly (readonly [string, string])[] = [
    ['responder', "coalesce(responder.address, '')"],
    ['initiator', "coalesce(initiator.address, '')"],
    ['initiators', 'f.initiators'],
    ['port', "coalesce(f.port, '')"],
    ['transport', 'f.transport'],
    ['flows', 'f.flows'],
  ];
  return values.reduce((sql, [name, value]) => `replace(${sql}, '{${name}}', ${value})`, `t.${column}`);
}

export const VIEWS = `
CREATE VIEW flow_records AS
SELECT f.run_id, f.flow_id, k.ip_version, k.protocol, k.transport,
  initiator.address AS initiator, nullif(f.initiator_port, -1) AS initiator_port,
  responder.address AS responder, nullif(f.responder_port, -1) AS responder_port,
  f.packets_out, f.packets_back, f.bytes_out, f.bytes_back, f.payload_out, f.payload_back,
  f.first_seen_us, f.first_seen_us + f.duration_us AS last_seen_us,
  k.state, k.end_reason, f.continues_flow_id, k.direction_basis,
  k.service, k.inner_service, k.label_basis, k.verdict, k.payload_protocol, k.rpc_interface,
  k.vlans, k.encapsulation,
  f.initiator_isn & 4294967295 AS initiator_isn, f.responder_isn & 4294967295 AS responder_isn
FROM flows f
CROSS JOIN flow_kinds k ON k.run_id = f.run_id AND k.kind_id = f.kind_id
LEFT JOIN addresses initiator ON initiator.run_id = f.run_id AND initiator.address_id = f.initiator_id
LEFT JOIN addresses responder ON responder.run_id = f.run_id AND responder.address_id = f.responder_id;

CREATE VIEW service_pairs AS
SELECT p.run_id, initiator.address AS initiator, responder.address AS responder,
  k.service, k.transport, nullif(p.port, -1) AS port, k.verdict,
  p.flows, p.packets, p.bytes, p.first_seen_us, p.last_seen_us
FROM pairs p
CROSS JOIN pair_kinds k ON k.run_id = p.run_id AND k.kind_id = p.kind_id
LEFT JOIN addresses initiator ON initiator.run_id = p.run_id AND initiator.address_id = p.initiator_id
LEFT JOIN addresses responder ON responder.run_id = p.run_id AND responder.address_id = p.responder_id
WHERE p.flows > 0;

CREATE VIEW service_counts AS
SELECT p.run_id, k.service, k.transport, nullif(p.port, -1) AS port, k.verdict,
  p.flows, p.packets, p.bytes, p.initiators, p.responders, p.first_seen_us, p.last_seen_us
FROM (
  SELECT run_id, kind_id, port,
    sum(flows) AS flows, sum(packets) AS packets, sum(bytes) AS bytes,
    count(DISTINCT initiator_id) AS initiators, count(DISTINCT responder_id) AS responders,
    min(first_seen_us) AS first_seen_us, max(last_seen_us) AS last_seen_us
  FROM pairs
  WHERE flows > 0
  GROUP BY run_id, kind_id, port
) p
CROSS JOIN pair_kinds k ON k.run_id = p.run_id AND k.kind_id = p.kind_id;

CREATE VIEW findings AS
SELECT f.run_id, f.finding_id, f.kind, f.severity, f.status, f.transport, f.port,
  responder.address AS responder, initiator.address AS initiator, f.initiators,
  f.flows, f.packets, f.bytes, f.outcome, f.first_seen_us, f.last_seen_us,
  ${filledIn('title')} AS title,
  ${filledIn('explanation')} AS explanation,
  ${filledIn('suggestion')} AS suggestion
FROM finding_rows f
CROSS JOIN finding_texts t ON t.run_id = f.run_id AND t.text_id = f.text_id
LEFT JOIN addresses initiator ON initiator.run_id = f.run_id AND initiator.address_id = f.initiator_id
LEFT JOIN addresses responder ON responder.run_id = f.run_id AND responder.address_id = f.responder_id;
`;

/** Version 2. */
export const HOST_VIEW = `
CREATE VIEW hosts AS
SELECT h.run_id, a.address, h.role, h.confidence, h.evidence
FROM host_rows h
CROSS JOIN addresses a ON a.run_id = h.run_id AND a.address_id = h.address_id;
`;
