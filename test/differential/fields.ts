// The fields that are compared, as tshark writes them: of a capture of one's own by tshark itself.
import { spawnSync } from 'node:child_process';
import { parseTsv, type Row } from '../corpus/corpus.ts';

/** Those of the corpus's tables, so that both are read alike. */
const FIELDS = [
  ...[
    'frame.number',
    'frame.time_epoch',
    'frame.len',
    'frame.cap_len',
    'frame.encap_type',
    'eth.type',
    'vlan.id',
  ],
  ...['ip.src', 'ip.dst', 'ip.proto', 'ip.frag_offset', 'ip.flags.mf'],
  ...['ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.fraghdr.offset'],
  ...[
    'tcp.srcport',
    'tcp.dstport',
    'udp.srcport',
    'udp.dstport',
    'sctp.srcport',
    'sctp.dstport',
    'frame.protocols',
  ],
];
/** Fragments and segments stay apart, as they are in flows. */
const PREFERENCES = ['ip.defragment:FALSE', 'ipv6.defragment:FALSE', 'tcp.desegment_tcp_streams:FALSE'];
const LARGEST_TABLE = 1 << 30;

/** The version of the tshark that is installed; null where there is none. */
export function tsharkVersion(): string | null {
  const { status, stdout } = spawnSync('tshark', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/TShark \(Wireshark\) ([\d.]+)/.exec(stdout)?.[1] ?? 'unknown') : null;
}

/** One row a frame. Where the file is damaged, the rows before that. Throws where tshark cannot be run. */
export function fieldsOf(path: string): Row[] {
  const args = ['-n', '-r', path, ...PREFERENCES.flatMap((one) => ['-o', one])];
  args.push('-T', 'fields', '-E', 'header=y', '-E', 'occurrence=a', '-E', 'aggregator=,');
  for (const field of FIELDS) args.push('-e', field);
  const { error, stdout } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: LARGEST_TABLE });
  if (error !== undefined) throw error;
  return parseTsv(stdout).filter((row) => row['frame.encap_type'] !== '');
}
