import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantsColour } from '../../src/cli/context.ts';
import { parseAddress } from '../../src/cli/options.ts';

test('colour is for terminals that did not ask for none', async () => {
  assert.equal(wantsColour(true, {}), true);
  assert.equal(wantsColour(false, {}), false);
  assert.equal(wantsColour(true, { NO_COLOR: '1' }), false);
  assert.equal(wantsColour(true, { NO_COLOR: '' }), true);
  assert.equal(wantsColour(true, { TERM: 'dumb' }), false);
  assert.equal(wantsColour(false, { FORCE_COLOR: '1' }), true);
  assert.equal(wantsColour(false, { FORCE_COLOR: '' }), false);
  assert.equal(wantsColour(true, { FORCE_COLOR: '0' }), false);
  assert.equal(wantsColour(true, { FORCE_COLOR: '1', NO_COLOR: '1' }), false);
});

test('an address is found however it is written, and only within its own family', async () => {
  const cases: readonly [asked: string, stored: string, found: boolean][] = [
    ['10.0.0.5', '10.0.0.5', true],
    ['10.0.0.5', '10.0.0.50', false],
    ['2001:0DB8:0000::0001', '2001:db8::1', true],
    ['::ffff:10.0.0.5', '::ffff:10.0.0.5', true],
    ['::ffff:10.0.0.5', '10.0.0.5', false],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['fe80::/10', 'fe80::1', true],
  ];
  for (const [asked, stored, found] of cases)
    assert.equal(parseAddress(asked)(stored), found, `${asked} ${stored}`);
});
