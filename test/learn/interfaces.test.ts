// Names of RPC interfaces, against the specifications that give them their UUIDs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDPOINT_MAPPER, interfaceName, NAMED_INTERFACES } from '../../src/learn/interfaces.ts';

test('the interfaces that matter have names', () => {
  // MS-OXCRPC 1.9, MS-OXNSPI 1.9, MS-OXABREF 1.9, MS-DRSR 1.9, MS-NRPC 1.9, MS-LSAD 1.9, MS-SAMR 1.9, C706 appendix O.
  const wanted: readonly [string, RegExp][] = [
    ['a4f1db00-ca47-1067-b31f-00dd010662da', /EMSMDB/],
    ['5261574a-4572-206e-b268-6b199213b4e4', /AsyncEMSMDB/],
    ['f5cc5a18-4264-101a-8c59-08002b2f8426', /NSPI/],
    ['1544f5e0-613c-11d1-93df-00c04fd7bd09', /RFR/],
    ['e3514235-4b06-11d1-ab04-00c04fc2dcd2', /DRSUAPI/],
    ['12345678-1234-abcd-ef00-01234567cffb', /Netlogon/],
    ['12345778-1234-abcd-ef00-0123456789ab', /LSA/],
    ['12345778-1234-abcd-ef00-0123456789ac', /SAM/],
    [ENDPOINT_MAPPER, /endpoint mapper/],
  ];
  for (const [uuid, name] of wanted) assert.match(interfaceName(uuid) ?? '', name);
});

test('every name belongs to a UUID in lower case, and others have none', () => {
  for (const uuid of NAMED_INTERFACES) {
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  }
  assert.equal(interfaceName('00000000-0000-0000-0000-000000000000'), null);
});
