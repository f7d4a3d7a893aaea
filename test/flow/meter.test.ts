// The flow meter against the slow reference of reference.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asReference, referenceFlows } from './reference.ts';
import { ACK, FIN_ACK, flowsOf, RST, type Sent, SYN, SYN_ACK } from './support.ts';

const UDP = 17;
const START_US = 1_700_000_000_000_000;
const ISNS = [1000, 1001, 5000, 0x7fff_ffff, 0xffff_ffff];

interface Step {
  readonly from: number;
  readonly to: number;
  readonly fromPort: number;
  readonly toPort: number;
  readonly flags: number | null;
  readonly seq: number;
  readonly ack: number;
  readonly wire: number;
  readonly gapUs: number;
}

/** Around each timeout a microsecond decides, so those gaps are frequent; those below zero are out of order. */
const gap = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 2_000_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(59_999_999, 60_000_000, 60_000_001) },
  { weight: 2, arbitrary: fc.constantFrom(299_999_999, 300_000_000, 300_000_001) },
  { weight: 1, arbitrary: fc.constantFrom(7_200e6, 7_500e6 - 1, 7_500e6, 7_500e6 + 1) },
  { weight: 3, arbitrary: fc.constantFrom(-1, -5_000, -61_000_000, -301_000_000) },
);
const port = fc.constantFrom(25, 443, 53, 2525, 50_000, 50_001);
const sequence = fc.constantFrom(...ISNS, ...ISNS.map((isn) => isn + 1));
const step: fc.Arbitrary<Step> = fc.record({
  from: fc.constantFrom(1, 2, 3),
  to: fc.constantFrom(1, 2, 3),
  fromPort: port,
  toPort: port,
  flags: fc.constantFrom(
    SYN,
    SYN,
    SYN_ACK,
    SYN_ACK,
    ACK,
    ACK,
    ACK | 8,
    FIN_ACK,
    FIN_ACK,
    1,
    RST,
    RST | ACK,
    0,
    null,
  ),
  seq: sequence,
  ack: sequence,
  wire: fc.oneof(fc.integer({ min: 40, max: 1514 }), fc.constantFrom(0xffff_ffff, 0x8000_0000)),
  gapUs: gap,
});

/** Two endpoints that say anything to each other: every packet meets the flow that the others made. */
const pairStep = fc
  .record({
    ...{
      from: fc.constantFrom(1, 2),
      flags: fc.constantFrom(SYN, SYN_ACK, ACK, FIN_ACK, RST, RST | ACK, 1, 0),
    },
    ...{ seq: sequence, ack: sequence, wire: fc.integer({ min: 40, max: 1514 }), gapUs: gap },
  })
  .map(
    (s): Step => ({
      ...s,
      to: 3 - s.from,
      fromPort: s.from === 1 ? 50_000 : 2525,
      toPort: s.from === 1 ? 2525 : 50_000,
    }),
  );

function sentOf(steps: readonly Step[]): Sent[] {
  let clockUs = START_US;
  return steps.map((one) => {
    const timeUs = clockUs + one.gapUs;
    clockUs = Math.max(clockUs, timeUs);
    const common = {
      from: { host: one.from, port: one.fromPort },
      to: { host: one.to, port: one.toPort },
      timeUs,
      wire: one.wire,
      payload: one.wire % 1000,
    };
    if (one.flags === null) return { ...common, protocol: UDP };
    return { ...common, flags: one.flags, seq: one.seq, ack: one.ack };
  });
}

function agrees(steps: readonly Step[], activeS = 0): void {
  const sent = sentOf(steps);
  const expected = referenceFlows(sent, activeS);
  for (const group of [1, 7, 32]) {
    assert.deepEqual(flowsOf(sent, { group, activeS }).map(asReference), expected, `groups of ${group}`);
  }
}

const other = (s: Step) => s.from !== s.to || s.fromPort !== s.toPort;

describe('the flow meter', () => {
  test('agrees with the reference on packets between three hosts, in groups of any size', () => {
    const steps = fc.array(step.filter(other), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(steps, (s) => agrees(s)),
      { numRuns: 80, seed: 1 },
    );
  });

  test('agrees with the reference on two endpoints that say anything to each other', () => {
    const steps = fc.array(pairStep, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, (s) => agrees(s)),
      { numRuns: 150, seed: 2 },
    );
  });

  test('agrees with the reference on the parts that an active timeout makes of a flow', () => {
    const tcp = fc.array(pairStep, { minLength: 1, maxLength: 40 });
    const any = fc.array(step.filter(other), { minLength: 1, maxLength: 60 });
    fc.assert(fc.property(fc.oneof(tcp, any), fc.constantFrom(1, 5, 60, 300), agrees), {
      numRuns: 150,
      seed: 3,
    });
  });
});
