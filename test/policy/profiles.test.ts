// What the profiles allow.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { profileServices } from '../../src/policy/profiles.ts';
import { ALLOW_LIST } from '../../src/service/allow-list.ts';
import { DOCUMENTED_PORTS } from '../../src/service/documented.ts';

const endpoints = (name: 'allow-list' | 'microsoft') =>
  profileServices(name).map(({ transport, port, lastPort }) => `${transport}/${port}-${lastPort}`);

test('the profile allow-list is the list, without the range that is never allowed as a whole', () => {
  const listed = ALLOW_LIST.filter(({ lastPort }) => lastPort === undefined);
  assert.deepEqual(
    endpoints('allow-list'),
    listed.map(({ transport, port }) => `${transport}/${port}-${port}`),
  );
});

test('the profile microsoft allows what the vendor documents beside the list, each by a name of its own', () => {
  const allowed = new Set(endpoints('microsoft'));
  for (const row of DOCUMENTED_PORTS.filter(({ port }) => port !== 50_389)) {
    for (const transport of row.transports) {
      const endpoint = `${transport}/${row.port}-${row.lastPort ?? row.port}`;
      assert.equal(allowed.has(endpoint), row.vendor, endpoint);
    }
  }
  const names = profileServices('microsoft').map(({ id }) => id);
  assert.deepEqual(
    names.filter((id) => id.startsWith('port-')),
    [],
  );
});

test('it leaves out port 26, which no page names, and the directory of an Edge server, which is for itself', () => {
  const allowed = endpoints('microsoft');
  assert.ok(!allowed.includes('tcp/26-26'));
  assert.ok(!allowed.includes('tcp/50389-50389'));
});

test('every name of a profile is one that a policy may use', () => {
  const schema = readFileSync(join(import.meta.dirname, '../../docs/policy.schema.json'), 'utf8');
  const pattern = /"pattern": "(\^\[a-z\][^"]+)"/.exec(schema);
  assert.ok(pattern);
  for (const { id } of profileServices('microsoft')) assert.match(id, new RegExp(pattern[1]));
});
