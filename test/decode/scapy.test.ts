// Packets that scapy built (scapy-packets.py): the five-tuple, encapsulation and tags read are those that scapy was told.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { decode } from './support.ts';

interface Told {
  readonly link: number;
  readonly hex: string;
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly encapsulation: string | null;
  readonly vlans: string | null;
}

/** An interpreter that has scapy; Debian's own may not be the first in the path. */
const python = ['python3', '/usr/bin/python3'].find(
  (path) => spawnSync(path, ['-c', 'import scapy']).status === 0,
);
const why =
  python === undefined &&
  (process.env.XPORTS_REQUIRE_SCAPY === '1'
    ? assert.fail('scapy is required and not there')
    : 'no scapy: apt-get install python3-scapy to run this');

test('what scapy built is read as what scapy was told to build', { skip: why }, () => {
  const run = spawnSync(python ?? '', [join(import.meta.dirname, 'scapy-packets.py')], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(run.status, 0, run.stderr);
  const lines = run.stdout.split('\n').filter((line) => line !== '');
  assert.ok(lines.length > 1000, `${lines.length} packets`);
  for (const line of lines) {
    const told: Told = JSON.parse(line);
    const read = decode(Uint8Array.from(Buffer.from(told.hex, 'hex')), told.link);
    const { source, destination, protocol, ports, encapsulation, vlans, payload, skip } = read;
    assert.deepEqual(
      { skip, source, destination, protocol, ports, encapsulation, vlans, payload },
      {
        skip: null,
        source: told.src,
        destination: told.dst,
        protocol: told.protocol,
        ports: [told.sport, told.dport],
        encapsulation: told.encapsulation,
        vlans: told.vlans,
        payload: 5,
      },
      line,
    );
  }
});
