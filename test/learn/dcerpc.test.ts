// DCE/RPC as C706 and MS-RPCE write it, in every order, cut and broken in every way.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteBudget } from '../../src/learn/budget.ts';
import { DatagramReplies } from '../../src/learn/dcerpc-datagram.ts';
import { type MappedEndpoint, namesItsServer, readTower } from '../../src/learn/towers.ts';
import { bytes, type Part, u16, u32, viewOf } from './bytes.ts';
import { client, lessons, type Said, server } from './conversation.ts';
import {
  bind,
  bindAck,
  EMSMDB,
  EPM,
  lookupStub,
  mapStub,
  NDR,
  NDR64,
  NSPI,
  type Order,
  pdu,
  request,
  response,
  responseFragments,
  tower,
  uuid,
} from './rpc-builder.ts';

const MAP = 3;
const LOOKUP = 2;
const towers = [
  tower({ interfaceUuid: EMSMDB, port: 49667 }),
  tower({ interfaceUuid: NSPI, port: 6004, floor: 31 }),
];
const mapped = [`1 map tcp 49667 ${EMSMDB}`, `1 map http 6004 ${NSPI}`];
const orders: readonly Order[] = [
  { little: true, wide: false },
  { little: false, wide: false },
  { little: true, wide: true },
  { little: false, wide: true },
];

/** A client binds to the mapper, asks, and is answered in fragments of `size` bytes. */
function exchange({ little, wide }: Order, opnum: number, stub: Uint8Array, size = 5000): Said[] {
  return [
    client(bind([{ id: 0, interfaceUuid: EPM, syntaxes: [wide ? NDR64 : NDR] }], little)),
    server(bindAck([wide ? NDR64 : NDR], little)),
    client(request(opnum, little, { callId: 7 })),
    ...responseFragments(stub, size, little, { callId: 7 }).map(server),
  ];
}

describe('an endpoint mapper', () => {
  for (const order of orders) {
    const name = `${order.little ? 'little' : 'big'}-endian ${order.wide ? 'NDR64' : 'NDR'}`;

    test(`teaches what its ept_map reply names, in ${name}`, () => {
      assert.deepEqual(lessons(exchange(order, MAP, mapStub(towers, order))), [`1 bind ${EPM}`, ...mapped]);
    });

    test(`teaches what its ept_lookup reply names, in ${name}, over fragments`, () => {
      const stub = lookupStub(towers, order);
      const expected = [`1 bind ${EPM}`, ...mapped.map((line) => line.replace('map', 'lookup'))];
      for (const size of [1, 7, 24, 200, stub.length]) {
        assert.deepEqual(lessons(exchange(order, LOOKUP, stub, size)), expected, `fragments of ${size}`);
      }
    });
  }

  test('is understood where neither bind nor request was captured', () => {
    for (const order of orders) {
      const reply = response(mapStub(towers, order), order.little);
      assert.deepEqual(lessons([server(reply)]), mapped);
      const lookup = response(lookupStub(towers, order), order.little);
      assert.equal(lessons([server(lookup)]).length, 2);
    }
  });

  test('is read on its own port only', () => {
    const order = orders[0];
    assert.deepEqual(lessons(exchange(order, MAP, mapStub(towers, order)), false), [`1 bind ${EPM}`]);
  });

  test('is not what answers in the context of another interface', () => {
    const said = [
      client(bind([{ id: 0, interfaceUuid: NSPI, syntaxes: [NDR] }], true)),
      server(bindAck([NDR], true)),
      client(request(MAP, true)),
      server(response(mapStub(towers, orders[0]), true)),
    ];
    assert.deepEqual(lessons(said), [`1 bind ${NSPI}`]);
  });

  test('answers other operations without teaching anything', () => {
    for (const opnum of [0, 1, 4, 7]) {
      const said = exchange(orders[0], opnum, mapStub(towers, orders[0]));
      assert.deepEqual(lessons(said), [`1 bind ${EPM}`], `operation ${opnum}`);
    }
  });

  test('may sign its reply, and what it encrypts is not guessed at', () => {
    const stub = mapStub(towers, orders[0]);
    const signed = response(stub, true, { auth: { level: 5, pad: 4, value: 16 } });
    const sealed = response(stub, true, { auth: { level: 6, pad: 4, value: 16 } });
    assert.deepEqual(lessons([server(signed)]), mapped);
    assert.deepEqual(lessons([server(sealed)]), []);
  });

  test('speaks for the host that sent the reply, and for no other', () => {
    const endpoint = readTower(viewOf(towers[0]), 0, towers[0].length, 1) as MappedEndpoint;
    assert.equal(endpoint.address >>> 0, 0x0a000005);
    assert.equal(namesItsServer(endpoint, 4, 0x0a000005), true);
    assert.equal(namesItsServer(endpoint, 4, 0x0a000006), false);
    assert.equal(namesItsServer({ ...endpoint, address: 0 }, 4, 0x0a000006), true);
  });

  test('in pieces, interleaved with another call, is put together by call', () => {
    const [a, b] = [NSPI, EMSMDB].map((interfaceUuid, i) =>
      responseFragments(mapStub([tower({ interfaceUuid, port: 5000 + i })], orders[0]), 60, true, {
        callId: i + 1,
      }),
    );
    const said = [client(request(MAP, true, { callId: 1 })), client(request(MAP, true, { callId: 2 }))];
    a.forEach((fragment, i) => {
      said.push(server(fragment), server(b[i]));
    });
    assert.deepEqual(lessons(said), [`1 map tcp 5000 ${NSPI}`, `1 map tcp 5001 ${EMSMDB}`]);
  });
});

describe('a bind', () => {
  const offers = [
    { id: 0, interfaceUuid: EMSMDB, syntaxes: [NDR, NDR64] },
    { id: 1, interfaceUuid: NSPI, syntaxes: [NDR] },
  ];

  test('counts for the interfaces that were accepted, in either byte order', () => {
    for (const little of [true, false]) {
      const said = (results: (string | null)[]) =>
        lessons([client(bind(offers, little)), server(bindAck(results, little))], false);
      assert.deepEqual(said([NDR, null]), [`1 bind ${EMSMDB}`]);
      assert.deepEqual(said([null, NDR]), [`1 bind ${NSPI}`]);
      assert.deepEqual(said([null, null]), []);
    }
  });

  test('counts whatever the length of the secondary address is', () => {
    for (const address of ['', '1\0', '49667\0', '\\PIPE\\lsass\0', 'x'.repeat(300)]) {
      const said = [client(bind(offers, true)), server(bindAck([NDR, null], true, 12, {}, address))];
      assert.deepEqual(lessons(said, false), [`1 bind ${EMSMDB}`], address);
    }
  });

  test('that is refused or not answered counts for nothing', () => {
    assert.deepEqual(lessons([client(bind(offers, true))], false), []);
    assert.deepEqual(lessons([client(bind(offers, true)), server(pdu(13, u16(0), true))], false), []);
    assert.deepEqual(lessons([client(bind(offers, true)), client(bindAck([NDR], true))], false), ['0 bind ']);
  });

  test('that was refused may be followed by an alter_context that is accepted', () => {
    const said = [
      client(bind(offers, true)),
      server(bindAck([null, null], true)),
      client(bind([{ id: 2, interfaceUuid: NSPI, syntaxes: [NDR] }], true, 14, { callId: 2 })),
      server(bindAck([NDR], true, 15, { callId: 2 }, '')),
    ];
    assert.deepEqual(lessons(said, false), [`1 bind ${NSPI}`]);
  });

  test('whose acceptance alone was captured shows RPC, and not which interface', () => {
    assert.deepEqual(lessons([server(bindAck([NDR], true))], false), ['1 bind ']);
  });

  test('comes after the greeting of RPC over HTTP', () => {
    const said = [
      server(bytes('ncacn_http/1.0')),
      client(bind(offers, true)),
      server(bindAck([NDR, null], true)),
    ];
    assert.deepEqual(lessons(said, false), [`1 bind ${EMSMDB}`]);
  });

  test('is found where the capture begins in the middle of a packet', () => {
    const said = [
      client(bytes(new Uint8Array(100).fill(0x44))),
      client(bind(offers, true)),
      server(bindAck([NDR, null], true)),
    ];
    assert.deepEqual(lessons(said, false), [`1 bind ${EMSMDB}`]);
  });
});

/** Cuts each side's bytes anew at the places given, keeping who speaks when. */
function recut(said: readonly Said[], cuts: readonly number[]): Said[] {
  let turn = 0;
  return said.flatMap(({ side, data }) => {
    const pieces: Said[] = [];
    for (let at = 0; at < data.length; ) {
      const size = Math.max(1, cuts[turn++ % cuts.length]);
      pieces.push({ side, data: data.slice(at, at + size) });
      at += size;
    }
    return pieces;
  });
}

describe('bytes that mean no good', () => {
  const whole = orders.map((order) => exchange(order, LOOKUP, lookupStub(towers, order), 100));

  test('what is learned does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 40 }),
        (said, cuts) => {
          assert.deepEqual(lessons(recut(said, cuts)), lessons(said));
        },
      ),
    );
    for (const said of whole) assert.deepEqual(lessons(recut(said, [1])), lessons(said));
  });

  test('nothing throws, and all memory comes back', () => {
    const budget = new ByteBudget(1 << 20);
    const mutant = fc.tuple(
      fc.constantFrom(...whole),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
    );
    fc.assert(
      fc.property(mutant, ([said, changes]) => {
        const changed = said.map(({ side, data }) => ({ side, data: data.slice() }));
        for (const [packet, at, value] of changes) {
          const { data } = changed[packet % changed.length];
          data[at % data.length] = value;
        }
        lessons(changed, true, budget);
        assert.equal(budget.left, 1 << 20);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
        lessons(
          pieces.map((data, i) => ({ side: (i % 2) as 0 | 1, data })),
          true,
          budget,
        );
        assert.equal(budget.left, 1 << 20);
      }),
    );
  });

  test('counts and lengths that claim more than is there end with the bytes', () => {
    const order = orders[0];
    const honest = mapStub(towers, order);
    for (let at = 0; at + 4 <= honest.length; at++) {
      for (const value of [0xffffffff, 0x7fffffff, 0x00010000]) {
        const stub = honest.slice();
        viewOf(stub).setUint32(at, value, true);
        const said = lessons([server(response(stub, true))]);
        assert.ok(said.length <= 2, `${value} at ${at} gave ${said.length}`);
      }
    }
    const half = honest.slice(0, honest.length - 40);
    assert.deepEqual(lessons([server(response(half, true))]), mapped.slice(0, 1));
  });

  test('a tower never names a port behind its own end', () => {
    const one = towers[0];
    for (let end = 0; end < one.length; end++) {
      const found = readTower(viewOf(one.slice(0, end)), 0, end, 1);
      assert.equal(found, null, `${end} bytes`);
    }
  });

  test('a verifier longer than its packet is no reply', () => {
    const reply = response(mapStub(towers, orders[0]), true, { authLength: 60000 });
    assert.deepEqual(lessons([server(reply)]), []);
  });

  test('a reply that is too long is read as far as it may be kept', () => {
    const many = Array.from({ length: 900 }, (_, i) => tower({ interfaceUuid: EMSMDB, port: 2000 + i }));
    const said = lessons(exchange(orders[0], LOOKUP, lookupStub(many, orders[0])));
    const ports = said.slice(1).map((line) => Number(line.split(' ')[3]));
    assert.ok(ports.length > 200 && ports.length < 900, `${ports.length} endpoints`);
    assert.deepEqual(
      ports,
      ports.map((_, i) => 2000 + i),
    );
  });

  test('a budget that is spent ends the look without harm', () => {
    const budget = new ByteBudget(100);
    const said = recut(exchange(orders[0], LOOKUP, lookupStub(towers, orders[0])), [10]);
    assert.deepEqual(lessons(said, true, budget), [`1 bind ${EPM}`]);
    assert.equal(budget.left, 100);
  });
});

describe('connectionless RPC', () => {
  interface Datagram {
    readonly little?: boolean;
    readonly flags?: number;
    readonly fragment?: number;
    readonly interfaceUuid?: string;
    readonly type?: number;
  }

  function datagram(stub: Part, options: Datagram = {}): Uint8Array {
    const { little = true, flags = 0, fragment = 0, interfaceUuid = EPM, type = 2 } = options;
    const length = bytes(stub).length;
    return bytes(
      [4, type, flags, 0, little ? 0x10 : 0, 0, 0, 0],
      new Uint8Array(16),
      uuid(interfaceUuid, little),
      new Uint8Array(16),
      [u32(0), u32(3, little), u32(5, little), u16(MAP, little), u16(0xffff), u16(0xffff)],
      [u16(length, little), u16(fragment, little), 0, 0],
      stub,
    );
  }

  function heard(datagrams: readonly Uint8Array[]): number[] {
    const ports: number[] = [];
    const budget = new ByteBudget(1 << 20);
    const replies = new DatagramReplies(({ port }) => ports.push(port), budget);
    for (const data of datagrams) replies.feed(viewOf(data), 0, data.length);
    replies.end();
    assert.equal(budget.left, 1 << 20);
    return ports;
  }

  const udp = [
    tower({ interfaceUuid: EMSMDB, port: 1500, floor: 8 }),
    tower({ interfaceUuid: NSPI, port: 1501 }),
  ];

  test('teaches the same by its replies, in either byte order', () => {
    for (const little of [true, false]) {
      assert.deepEqual(heard([datagram(mapStub(udp, { little, wide: false }), { little })]), [1500, 1501]);
    }
  });

  test('is put together from fragments that come in order', () => {
    const stub = mapStub(udp, { little: true, wide: false });
    const [a, b] = [stub.slice(0, 96), stub.slice(96)];
    const first = datagram(a, { flags: 4 });
    const last = datagram(b, { flags: 6, fragment: 1 });
    assert.deepEqual(heard([first, last]), [1500, 1501]);
    assert.deepEqual(heard([last, first]), []);
    assert.deepEqual(heard([first, first, last, last]), [1500, 1501]);
  });

  test('of another interface or another kind teaches nothing', () => {
    const stub = mapStub(udp, { little: true, wide: false });
    assert.deepEqual(heard([datagram(stub, { interfaceUuid: NSPI }), datagram(stub, { type: 0 })]), []);
  });

  test('that is nonsense does no harm', () => {
    const honest = datagram(mapStub(udp, { little: true, wide: false }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 9 }),
        (changes) => {
          const data = honest.slice();
          for (const [at, value] of changes) data[at % data.length] = value;
          assert.ok(heard([data, data.slice(0, changes.length * 30)]).length <= 4);
        },
      ),
    );
  });
});
