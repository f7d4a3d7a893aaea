// What payload says of a port, by the words of the allow-list.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooses, offers, P, type ProtocolName, STARTTLS, TLS } from '../../src/learn/facts.ts';
import { homeOf, PAYLOAD_SAYS, payloadSays, SERVICES_WITH_PAYLOAD } from '../../src/learn/natural.ts';
import { ALLOW_LIST } from '../../src/service/allow-list.ts';

const HELLO = offers(TLS.v12) | chooses(TLS.v12);
const says = (service: string, protocol: ProtocolName, facts = 0) => payloadSays(service, P[protocol], facts);

describe('the payload of a listed port', () => {
  test('has a protocol of its own for every service on the list that has ports', () => {
    const withPorts = new Set(ALLOW_LIST.filter(({ transport }) => transport !== 'ip').map(({ id }) => id));
    assert.deepEqual([...withPorts].sort(), [...SERVICES_WITH_PAYLOAD].sort());
  });

  test('confirms the service where it is its own', () => {
    const own: readonly (readonly [string, ProtocolName])[] = [
      ['smtp', 'smtp'],
      ['pop3', 'pop3'],
      ['imap4', 'imap'],
      ['http-owa', 'http'],
      ['https-owa', 'tls'],
      ['imap4s', 'tls'],
      ['ldap', 'ldap'],
      ['global-catalog', 'ldap'],
      ['dns', 'dns'],
      ['kerberos', 'kerberos'],
      ['rpc-epmap', 'dcerpc'],
      ['rpc-dynamic', 'dcerpc'],
      ['sip', 'sip'],
      ['ike', 'ike'],
      ['edgesync', 'tls'],
      ['x400-mta', 'x400'],
    ];
    for (const [service, protocol] of own) {
      assert.equal(says(service, protocol, HELLO), PAYLOAD_SAYS.confirms, `${protocol} on ${service}`);
    }
  });

  test('contradicts it where it is another', () => {
    const others: readonly (readonly [string, ProtocolName])[] = [
      ['https-owa', 'ssh'],
      ['https-owa', 'http'],
      ['http-owa', 'tls'],
      ['http-owa', 'ssh'],
      ['sip', 'http'],
      ['x400-mta', 's7'],
      ['x400-mta', 'mms'],
      ['x400-mta', 'rdp'],
      ['dns', 'tls'],
      ['kerberos', 'tls'],
      ['smtp', 'http'],
      ['imap4s', 'imap'],
      ['edgesync', 'ldap'],
      ['dag-replication', 'ssh'],
      ['cluster-net', 'http'],
      ['rpc-dynamic', 'ssh'],
    ];
    for (const [service, protocol] of others) {
      assert.equal(says(service, protocol, HELLO), PAYLOAD_SAYS.contradicts, `${protocol} on ${service}`);
    }
  });

  test('says nothing where it is silent, or encrypted from before the capture', () => {
    assert.equal(payloadSays('https-owa', 0, 0), PAYLOAD_SAYS.nothing);
    assert.equal(says('http-owa', 'tls', 0), PAYLOAD_SAYS.nothing);
    assert.equal(says('x400-mta', 'tls', 0), PAYLOAD_SAYS.nothing);
    assert.equal(says('unlisted', 'ssh', 0), PAYLOAD_SAYS.nothing);
  });

  test('may go over to TLS on the ports of STARTTLS', () => {
    for (const service of ['smtp', 'pop3', 'imap4', 'ldap', 'smtp-submission']) {
      assert.equal(says(service, 'tls', HELLO), PAYLOAD_SAYS.nothing, service);
    }
    assert.equal(says('smtp', 'smtp', HELLO | STARTTLS), PAYLOAD_SAYS.confirms);
  });

  test('confirms X.400 where nothing but its transport is seen', () => {
    assert.equal(says('x400-mta', 'tpkt'), PAYLOAD_SAYS.confirms);
  });
});

describe('a service that is known elsewhere', () => {
  test('is one of the list, and never what TLS hides', () => {
    const ids = new Set(ALLOW_LIST.map(({ id }) => id));
    assert.equal(homeOf(P.smtp), 'smtp');
    assert.equal(homeOf(P.imap), 'imap4');
    for (const code of Object.values(P)) {
      const home = homeOf(code);
      assert.ok(home === null || ids.has(home), String(home));
    }
    for (const protocol of ['tls', 'dtls', 'ssh', 'rdp', 'dcerpc', 'mdns', 's7'] as const) {
      assert.equal(homeOf(P[protocol]), null, protocol);
    }
    assert.equal(homeOf(0), null);
  });
});
