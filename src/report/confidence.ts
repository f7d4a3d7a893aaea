// How far the numbers can be trusted: damage, loss, duplicates, and what the capture could not show.

import { printable } from '../base/text.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { byteSize, counted, grouped, percent } from './format.ts';
import type { Style } from './style.ts';
import { paragraph } from './text.ts';

export interface Remark {
  /** Warnings are about numbers that may be wrong; the rest is good to know. */
  readonly warning: boolean;
  readonly text: string;
}

/** Above this share of packets, counts are spoilt enough to warn. */
const SPOILT = 0.01;
/** Above this share, something about how the capture was made deserves a look. */
const NOTABLE = 0.1;

/** What stands against the numbers of a run, warnings first. */
export function confidenceRemarks(store: StoreReader, runId: number): Remark[] {
  return [...aboutSources(store, runId), ...aboutPackets(store, runId), ...aboutFlows(store, runId)].sort(
    (a, b) => Number(b.warning) - Number(a.warning),
  );
}

export function confidenceSection(store: StoreReader, runId: number, look: Style): string {
  const remarks = confidenceRemarks(store, runId);
  const lines =
    remarks.length === 0
      ? ['  nothing stands against these numbers']
      : remarks.map(({ warning, text }) => {
          const mark = warning ? '! ' : '· ';
          const block = paragraph(text, look.width, '    ', `  ${mark}`);
          return warning ? look.warn(block) : block;
        });
  return [look.heading('Confidence'), ...lines].join('\n');
}

function aboutSources(store: StoreReader, runId: number): Remark[] {
  const remarks: Remark[] = [];
  for (const row of store.sources(runId)) {
    if (row.damage === null) continue;
    const path = printable(row.path);
    if (row.format === null) {
      remarks.push({ warning: true, text: `${path} was not read: ${row.damage}` });
      continue;
    }
    const at = row.damage_offset === null ? '' : ` at byte ${grouped(row.damage_offset)}`;
    remarks.push({
      warning: true,
      text: `${path} is damaged${at}: ${row.damage}. What follows is not counted.`,
    });
  }
  return remarks;
}

function aboutPackets(store: StoreReader, runId: number): Remark[] {
  const run = store.run(runId);
  const fact = store.facts(runId);
  const remarks: Remark[] = [];
  const dropped = (run.kernel_dropped ?? 0) + (run.interface_dropped ?? 0);
  if (dropped > 0) {
    const amount = share(dropped, dropped + run.packets, 'packet');
    remarks.push({ warning: true, text: `Dropped while capturing, and missing here: ${amount}.` });
  }
  const sampled = fact('sampled_packets');
  const duplicates = fact('duplicate_packets');
  if (duplicates > 0) {
    const spoilt = duplicates / sampled > SPOILT;
    const advice =
      ' Packets and bytes are too high by as much: mirror each link once, or only one direction of each port.';
    remarks.push({
      warning: spoilt,
      text: `Seen twice: about ${percent(duplicates, sampled)} of the packets, by a sample of ${grouped(sampled)}.${spoilt ? advice : ''}`,
    });
  }
  if (run.packets_out_of_order > 0) {
    const amount = share(run.packets_out_of_order, run.packets, 'packet');
    remarks.push({
      warning: run.packets_out_of_order / run.packets > NOTABLE,
      text: `Out of order in time: ${amount}.`,
    });
  }
  const undetermined = fact('undetermined_packets');
  if (undetermined > 0) {
    const amount = share(undetermined, run.packets, 'packet');
    remarks.push({
      warning: undetermined / run.packets > SPOILT,
      text: `Not judged, because the capture cut their ports off or they are fragments without their first: ${amount}. Capture whole headers (tcpdump -s 128 or more).`,
    });
  }
  const unread = fact('unread_mapper_packets');
  if (unread > 0) {
    remarks.push({
      warning: store.endpoints(runId).length === 0,
      text: `RPC ports could not be learned from ${counted(unread, 'packet')} of the endpoint mapper, whose payload was not captured. Capture more of each packet (tcpdump -s 1500, or 0 for all).`,
    });
  }
  const untold = fact('tunnels_without_ends');
  if (untold > 0) {
    remarks.push({
      warning: true,
      text: `Tunnels beyond the first 65,536 different ones, judged by what was inside alone: ${counted(untold, 'packet')}.`,
    });
  }
  const esp = fact('esp_packets');
  if (esp > 0) {
    const amount = `${counted(esp, 'packet')}, ${byteSize(fact('esp_bytes'))}`;
    remarks.push({
      warning: false,
      text: `Encrypted by IPsec (ESP), whose contents cannot be classified: ${amount}.`,
    });
  }
  return remarks;
}

function aboutFlows(store: StoreReader, runId: number): Remark[] {
  const fact = store.facts(runId);
  const remarks: Remark[] = [];
  const tcp = fact('tcp_flows');
  const oneWay = fact('tcp_one_way_flows');
  if (oneWay > 0) {
    remarks.push({
      warning: oneWay / tcp > NOTABLE,
      text: `One direction only: ${share(oneWay, tcp, 'TCP flow')}. They were never answered, or the span port or tap misses the other side.`,
    });
  }
  const midStream = fact('tcp_mid_stream_flows');
  if (midStream > 0) {
    remarks.push({
      warning: midStream / tcp > NOTABLE,
      text: `Begun before the capture, so that who opened them is a guess: ${share(midStream, tcp, 'TCP flow')}.`,
    });
  }
  const remembered = fact('remembered_flows');
  if (remembered > 0) {
    remarks.push({
      warning: false,
      text: `Expected only because an earlier run learned their RPC port, which was not seen to be named in this one: ${share(remembered, fact('flows'), 'flow')}.`,
    });
  }
  if (fact('flows') > 0 && fact('servers_auto') > 0) {
    const servers = fact('servers_recognised');
    remarks.push({
      warning: servers === 0,
      text:
        servers === 0
          ? 'No host was recognised as an Exchange server, so every host that others connected to was judged: name yours with --servers.'
          : `Judged were the ${counted(servers, 'Exchange server')} that what they do gives away. One that was silent, or is new to the capture, is not among them: name yours with --servers to be sure.`,
    });
  } else if (fact('flows') > 0 && fact('servers_named') === 0) {
    remarks.push({
      warning: false,
      text: 'No servers were named, so every host that others connected to was judged as if it were an Exchange server: name yours with --servers ADDRESS,ADDRESS, or let --servers auto find them.',
    });
  }
  return remarks;
}

/** `12 of 345 packets (3.5 %)`. */
function share(part: number, whole: number, noun: string): string {
  return `${grouped(part)} of ${counted(whole, noun)} (${percent(part, whole)})`;
}
