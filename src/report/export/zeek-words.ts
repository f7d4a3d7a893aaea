// What Zeek would say of a flow, as far as its record tells: conn_state and history as Zeek's reference for
// base/protocols/conn describes them, and null wherever a flow could have been one thing or another.

/** What is looked at of a flow, by the names of its columns. */
export interface FlowFacts {
  readonly transport: string;
  readonly state: string;
  readonly endReason: string;
  readonly basis: string;
  readonly packetsOut: number;
  readonly packetsBack: number;
  readonly payloadOut: number;
  readonly payloadBack: number;
  /** A part of a longer conversation: its packets are not all there were. */
  readonly isPart: boolean;
}

export function connState(flow: FlowFacts): string | null {
  switch (flow.transport) {
    case 'tcp':
      return tcpState(flow);
    case 'udp':
      return udpState(flow);
    default:
      // Zeek gives this to everything that is neither TCP nor UDP.
      return 'OTH';
  }
}

function tcpState(flow: FlowFacts): string | null {
  const { state, isPart, packetsOut, packetsBack } = flow;
  switch (state) {
    case 'closed':
      return 'SF';
    case 'established':
      // A FIN of one side alone is not kept, so this stands for S2 and S3 too.
      return 'S1';
    case 'unanswered':
      return 'S0';
    case 'mid-stream':
      return 'OTH';
    case 'refused':
      return !isPart && packetsBack === 0 && flow.endReason === 'rst' ? 'RSTOS0' : 'REJ';
    case 'reset':
      // Whose RST it was is not kept; where one side alone was seen, it was that one's.
      if (isPart) return null;
      if (packetsBack === 0) return 'RSTO';
      return packetsOut === 0 ? 'RSTRH' : null;
    default:
      // half-open: Zeek has no word for a SYN+ACK that nothing came after.
      return null;
  }
}

/** For UDP Zeek has its words stand for who sent anything. */
function udpState({ state, packetsOut }: FlowFacts): string | null {
  switch (state) {
    case 'two-way':
      return 'SF';
    case 'one-way':
      return packetsOut === 0 ? 'SHR' : 'S0';
    case 'refused':
      return 'REJ';
    default:
      return null;
  }
}

/** The history, where the record leaves no doubt about any letter and their order. */
export function connHistory(flow: FlowFacts): string | null {
  if (flow.isPart) return null;
  if (flow.transport === 'tcp') return tcpHistory(flow);
  return flow.transport === 'udp' ? udpHistory(flow) : null;
}

function tcpHistory(flow: FlowFacts): string | null {
  const { state, endReason, packetsOut, packetsBack, payloadOut, payloadBack } = flow;
  if (payloadOut > 0 || payloadBack > 0) return null;
  const isReset = endReason === 'rst';
  if (state === 'unanswered' && packetsBack === 0 && !isReset) return 'S';
  if (state !== 'refused' || !isReset) return null;
  if (packetsOut === 1 && packetsBack === 1) return 'Sr';
  return packetsOut === 2 && packetsBack === 0 ? 'SR' : null;
}

function udpHistory({ basis, payloadOut, payloadBack, packetsOut, packetsBack }: FlowFacts): string | null {
  // Packets without payload leave no letter, so that the order of the rest is not known.
  if (packetsOut > 0 !== payloadOut > 0 || packetsBack > 0 !== payloadBack > 0) return null;
  // A guess was made because the first packet was the responder's.
  const sides = basis === 'first-packet' ? ['D', 'd'] : ['d', 'D'];
  const letters = sides.filter((letter) => (letter === 'D' ? payloadOut : payloadBack) > 0);
  return letters.length === 0 ? null : (basis === 'first-packet' ? '' : '^') + letters.join('');
}

/** Names that Zeek's analyzers give to what payload showed; what has none there stays unset. */
const SERVICES: Readonly<Record<string, string>> = {
  tls: 'ssl',
  smtp: 'smtp',
  pop3: 'pop3',
  imap: 'imap',
  http: 'http',
  dns: 'dns',
  mdns: 'dns',
  llmnr: 'dns',
  dcerpc: 'dce_rpc',
  smb1: 'smb',
  smb2: 'smb',
  rdp: 'rdp',
  sip: 'sip',
  ssh: 'ssh',
  socks4: 'socks',
  socks5: 'socks',
  ftp: 'ftp',
  ntp: 'ntp',
  snmp: 'snmp',
  quic: 'quic',
};

export function zeekService(payloadProtocol: string | null, transport: string): string | null {
  if (payloadProtocol === 'ldap') return transport === 'udp' ? 'ldap_udp' : 'ldap_tcp';
  if (payloadProtocol === 'kerberos') return transport === 'udp' ? 'krb' : 'krb_tcp';
  return SERVICES[payloadProtocol ?? ''] ?? null;
}
