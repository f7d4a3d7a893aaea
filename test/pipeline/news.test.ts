// Which findings are told, and when.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/audit/findings.ts';
import type { FindingText } from '../../src/audit/words.ts';
import { FindingNews, type News } from '../../src/pipeline/news.ts';

const ADDRESSES = { size: 3, text: (id: number) => `10.0.0.${id}` };
const TEXT: FindingText = {
  title: '{port}/{transport} to {responder} is not on the list',
  explanation: 'Tried by {initiator} and {initiators} in all, {flows} flows; {this} is no value.',
  suggestion: 'Ask.',
};

function finding(port: number | null, more: Partial<Finding> = {}): Finding {
  return {
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    protocol: 6,
    port,
    responderId: 1,
    initiatorId: 2,
    initiators: 1,
    flows: 3,
    packets: 30,
    bytes: 3000,
    outcome: 'answered',
    firstSeenUs: 1,
    lastSeenUs: 2,
    text: 0,
    ...more,
  };
}

/** What is told at each of a run's checkpoints, the last of which is the final one if `final` says so. */
function told(checkpoints: readonly (readonly Finding[])[], final = false): News[] {
  const news = new FindingNews(7, ADDRESSES);
  return checkpoints.map((findings, n) =>
    news.of({ findings, texts: [TEXT] }, final && n === checkpoints.length - 1),
  );
}

const briefly = (all: readonly News[]) =>
  all.map(({ notes }) => notes.map((note) => `${note.status} ${note.kind} ${note.port}`));

test('a finding is told once, one checkpoint after it appears', () => {
  const stays = [finding(8443)];
  assert.deepEqual(briefly(told([[], stays, stays, stays, stays])), [
    [],
    [],
    ['open unexpected-port 8443'],
    [],
    [],
  ]);
});

test('at the end nothing more can be learned, so all that is left is told', () => {
  assert.deepEqual(briefly(told([[finding(1)], [finding(1), finding(2)]], true)), [
    [],
    ['open unexpected-port 1', 'open unexpected-port 2'],
  ]);
});

test('what is void before it was told is never told, and after that it is told as resolved', () => {
  assert.deepEqual(briefly(told([[finding(1)], [], [finding(2)], [finding(2)], [], []])), [
    [],
    [],
    [],
    ['open unexpected-port 2'],
    ['resolved unexpected-port 2'],
    [],
  ]);
  const resolved = finding(2, { status: 'resolved' });
  assert.deepEqual(briefly(told([[finding(2)], [finding(2)], [resolved], [resolved]])), [
    [],
    ['open unexpected-port 2'],
    ['resolved unexpected-port 2'],
    [],
  ]);
});

test('ports that become part of a scan say so, and so does a port of many responders', () => {
  const scan = finding(null, { kind: 'port-scan', severity: 'low' });
  const sweep = finding(9, { kind: 'port-scan', severity: 'low', responderId: null });
  const last = told([
    [finding(1), finding(9)],
    [finding(1), finding(9)],
    [scan, sweep],
  ])[2];
  assert.deepEqual(
    last.notes.map(({ status, port, part_of }) => [status, port, part_of]),
    [
      ['resolved', 1, 'port-scan'],
      ['resolved', 9, 'port-scan'],
    ],
  );
});

test('a note has the names of the columns, and the words with its own values', () => {
  const [{ notes }] = told([[finding(8443, { initiators: 2 })]], true);
  assert.deepEqual(notes, [
    {
      run_id: 7,
      kind: 'unexpected-port',
      severity: 'high',
      status: 'open',
      transport: 'tcp',
      port: 8443,
      responder: '10.0.0.1',
      initiator: '10.0.0.2',
      initiators: 2,
      flows: 3,
      packets: 30,
      bytes: 3000,
      outcome: 'answered',
      first_seen_us: 1,
      last_seen_us: 2,
      title: '8443/tcp to 10.0.0.1 is not on the list',
      explanation: 'Tried by 10.0.0.2 and 2 in all, 3 flows; {this} is no value.',
      suggestion: 'Ask.',
      part_of: null,
    },
  ]);
});

test('open findings are counted by severity, told or not', () => {
  const [{ open }] = told([
    [finding(1), finding(2, { severity: 'low' }), finding(3, { status: 'resolved' })],
  ]);
  assert.deepEqual(open, { high: 1, medium: 0, low: 1, info: 0 });
});
