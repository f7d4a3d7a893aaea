// Flows as Zeek's conn.log: its ASCII writer's header lines, and fields and types of Conn::Info as Zeek's reference has
// them (base/protocols/conn/main.zeek; vlan and inner_vlan of policy/protocols/conn/vlan-logging.zeek).

import { createHash } from 'node:crypto';
import type { Cell } from '../../store/rows.ts';
import type { PublicTable } from '../../store/tables.ts';
import { connHistory, connState, type FlowFacts, zeekService } from './zeek-words.ts';

const UNSET = '-';
const EMPTY = '(empty)';
const SEPARATOR = '\t';

type Flow = (column: string) => Cell;
type ValueOf = (flow: Flow, facts: FlowFacts, runUid: string) => Cell;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly value: ValueOf;
}

const column =
  (name: string): ValueOf =>
  (flow) =>
    flow(name);
const unknown: ValueOf = () => null;

const FIELDS: readonly Field[] = [
  { name: 'ts', type: 'time', value: (flow) => secondsText(Number(flow('first_seen_us'))) },
  { name: 'uid', type: 'string', value: (flow, _facts, runUid) => uidOf(runUid, Number(flow('flow_id'))) },
  { name: 'id.orig_h', type: 'addr', value: column('initiator') },
  { name: 'id.orig_p', type: 'port', value: column('initiator_port') },
  { name: 'id.resp_h', type: 'addr', value: column('responder') },
  { name: 'id.resp_p', type: 'port', value: column('responder_port') },
  { name: 'proto', type: 'enum', value: (flow) => protoOf(String(flow('transport'))) },
  {
    name: 'service',
    type: 'string',
    value: (flow, { transport }) => zeekService(flow('payload_protocol') as string | null, transport),
  },
  {
    name: 'duration',
    type: 'interval',
    value: (flow) => secondsText(Number(flow('last_seen_us')) - Number(flow('first_seen_us'))),
  },
  { name: 'orig_bytes', type: 'count', value: column('payload_out') },
  { name: 'resp_bytes', type: 'count', value: column('payload_back') },
  { name: 'conn_state', type: 'string', value: (_flow, facts) => connState(facts) },
  // Who is local, gaps, and lengths in IP headers are not in a flow's record.
  { name: 'local_orig', type: 'bool', value: unknown },
  { name: 'local_resp', type: 'bool', value: unknown },
  { name: 'missed_bytes', type: 'count', value: unknown },
  { name: 'history', type: 'string', value: (_flow, facts) => connHistory(facts) },
  { name: 'orig_pkts', type: 'count', value: column('packets_out') },
  { name: 'orig_ip_bytes', type: 'count', value: unknown },
  { name: 'resp_pkts', type: 'count', value: column('packets_back') },
  { name: 'resp_ip_bytes', type: 'count', value: unknown },
  // Tunnels are no flows of their own here, so there is no uid to name.
  { name: 'tunnel_parents', type: 'set[string]', value: unknown },
  { name: 'ip_proto', type: 'count', value: column('protocol') },
  { name: 'vlan', type: 'int', value: (flow) => vlanOf(flow('vlans'), 0) },
  { name: 'inner_vlan', type: 'int', value: (flow) => vlanOf(flow('vlans'), 1) },
  { name: 'xports_service', type: 'string', value: column('service') },
  { name: 'xports_verdict', type: 'string', value: column('verdict') },
];

/**
 * The lines of the log without their ends, header and footer among them. `runUids` has the UUID of every run by its
 * number; `nowMs` is when the log is written.
 */
export function* zeekLines(
  table: PublicTable,
  rows: Iterable<readonly Cell[]>,
  runUids: ReadonlyMap<number, string>,
  nowMs: number,
): IterableIterator<string> {
  const tab = (...words: readonly string[]) => words.join(SEPARATOR);
  // This line alone has a blank: what separates is not known before it.
  yield '#separator \\x09';
  yield tab('#set_separator', ',');
  yield tab('#empty_field', EMPTY);
  yield tab('#unset_field', UNSET);
  yield tab('#path', 'conn');
  yield tab('#open', stampOf(nowMs));
  yield tab('#fields', ...FIELDS.map(({ name }) => name));
  yield tab('#types', ...FIELDS.map(({ type }) => type));
  const places = new Map(table.columns.map(({ name }, i) => [name, i]));
  for (const row of rows) {
    const flow: Flow = (name) => row[places.get(name) ?? -1];
    const facts = factsOf(flow);
    const uid = runUids.get(Number(flow('run_id'))) ?? '';
    yield FIELDS.map(({ value }) => fieldText(value(flow, facts, uid))).join(SEPARATOR);
  }
  yield tab('#close', stampOf(nowMs));
}

function factsOf(flow: Flow): FlowFacts {
  return {
    transport: String(flow('transport')),
    state: String(flow('state')),
    endReason: String(flow('end_reason')),
    basis: String(flow('direction_basis')),
    packetsOut: Number(flow('packets_out')),
    packetsBack: Number(flow('packets_back')),
    payloadOut: Number(flow('payload_out')),
    payloadBack: Number(flow('payload_back')),
    isPart: flow('continues_flow_id') !== null || flow('end_reason') === 'active',
  };
}

/** Zeek writes out what is not printable, what separates, and words that would be taken for "unset" or "empty". */
function fieldText(value: Cell): string {
  if (value === null) return UNSET;
  if (typeof value === 'number') return String(value);
  if (value === '') return EMPTY;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to catch
  const text = value.replace(/[\u0000-\u001f\u007f-\u009f\\]/g, hexText);
  return text === UNSET || text === EMPTY ? hexText(text[0]) + text.slice(1) : text;
}

function hexText(character: string): string {
  // Bytes, since Zeek's strings are.
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Microseconds as seconds with six places, exactly. */
function secondsText(us: number): string {
  const seconds = Math.floor(us / 1e6);
  return `${seconds}.${String(us - seconds * 1e6).padStart(6, '0')}`;
}

function protoOf(transport: string): string {
  if (transport === 'icmp6') return 'icmp';
  return ['tcp', 'udp', 'icmp'].includes(transport) ? transport : 'unknown_transport';
}

function vlanOf(vlans: Cell, at: number): Cell {
  return vlans === null ? null : (String(vlans).split(',')[at] ?? null);
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RUN_DIGITS = 10;
const FLOW_DIGITS = 7;
const runPrefixes = new Map<string, string>();

/** As Zeek's look, `C` and 17 digits to the base 62; the same flow of the same run always has the same. */
function uidOf(runUid: string, flowId: number): string {
  let prefix = runPrefixes.get(runUid);
  if (prefix === undefined) {
    const digest = createHash('sha256').update(runUid).digest();
    prefix = `C${[...digest.subarray(0, RUN_DIGITS)].map((byte) => DIGITS[byte % 62]).join('')}`;
    runPrefixes.set(runUid, prefix);
  }
  let text = '';
  for (let rest = flowId, i = 0; i < FLOW_DIGITS; i++, rest = Math.floor(rest / 62))
    text = DIGITS[rest % 62] + text;
  return prefix + text;
}

/** As in `2024-03-05-09-00-00`; Zeek writes its machine's time, this is UTC. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, '-');
}
