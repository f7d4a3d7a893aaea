import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, u32, zeros } from '../../fixtures/builder/bytes.ts';
import { block, customBlock, interfaceBlock, section } from '../../fixtures/builder/pcapng.ts';
import { inPieces, readCapture } from './support.ts';

const MEBIBYTE = 1 << 20;
const SECTION_AND_INTERFACE = 48;

test('a packet block beyond any writer is damage, whether or not the bytes at hand hold all of it', async () => {
  // The block begins eight bytes before the end of the first full read.
  const before = customBlock(7, zeros(MEBIBYTE - 8 - SECTION_AND_INTERFACE - 16));
  const large = block(6, (order) =>
    join(u32(0, order), u32(0, order), u32(0, order), u32(4, order), u32(4, order), zeros(MEBIBYTE - 28)),
  );
  const bytes = section('little', [interfaceBlock(), before, large]);
  for (const pieces of [[], [MEBIBYTE - 100], [MEBIBYTE], [MEBIBYTE / 2]]) {
    const { damage, records } = await readCapture(inPieces(bytes, pieces));
    assert.equal(damage?.offset, MEBIBYTE - 8, `pieces ${pieces}`);
    assert.match(damage?.reason ?? '', /more than any writer puts there/);
    assert.deepEqual(records, []);
  }
});
