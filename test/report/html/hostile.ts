// Text that would run wherever it were taken for markup, in every place that a capture or a database has for text.

import type { Database } from 'better-sqlite3';
import { byTime, tcpConversation, udpConversation } from '../../../fixtures/builder/conversation.ts';
import type { Packet } from '../../../fixtures/builder/pcap.ts';

export const ATTACK = '</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>{responder}';

/** A banner, a host name in HTTP, in DNS and in TLS, each of them an attack. */
export function hostilePackets(): Packet[] {
  const [client, server] = ['10.0.9.1', '10.0.0.5'];
  const talk = (port: number, clientPort: number) =>
    tcpConversation({ client, server, port, clientPort }).open();
  const name = Buffer.from(ATTACK.slice(0, 60));
  const label = Buffer.concat([Buffer.from([name.length]), name, Buffer.from([0, 0, 1, 0, 1])]);
  return byTime(
    talk(25, 50001).send('server', `220 ${ATTACK}\r\n`).send('client', `EHLO ${ATTACK}\r\n`).close().packets,
    talk(80, 50002).send('client', `GET / HTTP/1.1\r\nHost: ${ATTACK}\r\n\r\n`).close().packets,
    talk(443, 50003).send('client', clientHello(ATTACK)).send('server', 40).close().packets,
    talk(4444, 50004).send('server', `220 ${ATTACK}\r\n`).close().packets,
    udpConversation({ client, server, port: 53 }).send(
      'client',
      Buffer.concat([Buffer.from('123401000001000000000000', 'hex'), label]),
    ).packets,
  );
}

/** A TLS 1.2 ClientHello with a server name (RFC 5246, section 7.4.1.2; RFC 6066, section 3). */
function clientHello(host: string): Uint8Array {
  const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const sized = (...parts: readonly Uint8Array[]) => {
    const all = Buffer.concat(parts);
    return Buffer.concat([u16(all.length), all]);
  };
  const name = sized(sized(Buffer.from([0]), sized(Buffer.from(host))));
  const extensions = sized(u16(0), name);
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    sized(u16(0xc02f)),
    Buffer.from([1, 0]),
    extensions,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(handshake)]);
}

/** Puts the attack into every text of a database that a page shows. */
export function poison(db: Database): void {
  const places: Readonly<Record<string, readonly string[]>> = {
    finding_texts: ['title', 'explanation', 'suggestion'],
    finding_rows: ['kind', 'outcome', 'transport', 'severity'],
    host_rows: ['role', 'confidence', 'evidence'],
    allowed_services: ['label', 'allowed_by'],
    pair_kinds: ['service'],
    sources: ['path', 'format', 'link_types', 'damage'],
    runs: ['sensor', 'source', 'profile'],
    service_minutes: ['service'],
  };
  for (const [table, columns] of Object.entries(places)) {
    // What is part of a key stays different.
    const isKey = table === 'service_minutes' || table === 'host_rows';
    for (const column of columns) {
      const value = !isKey ? '?' : `? || ${column}`;
      db.prepare(`UPDATE ${table} SET ${column} = ${value}`).run(ATTACK);
    }
  }
  db.prepare('INSERT INTO skipped VALUES (1, ?, 1, 60)').run(ATTACK);
  db.prepare("INSERT INTO rpc_endpoints VALUES (1, ?, 'tcp', 6001, ?, ?, ?, 1, NULL)").run(
    ATTACK,
    ATTACK,
    ATTACK,
    ATTACK,
  );
  db.prepare('INSERT INTO policy_exceptions VALUES (1, 1, 1, ?, ?, ?, ?, 1, 1, 1, NULL, NULL)').run(
    ATTACK,
    ATTACK,
    ATTACK,
    ATTACK,
  );
}
