// Metrics of a live capture, as a Prometheus server would read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics, parseMetricsAddress } from '../../src/cli/metrics.ts';
import type { LiveProgress } from '../../src/pipeline/live-options.ts';

const PROGRESS: LiveProgress = {
  runId: 1,
  packets: 1000,
  bytes: 64_000,
  kernelDropped: 3,
  interfaceDropped: 0,
  engineDropped: 0,
  flows: 12,
  evicted: 2,
  services: [
    { service: 'smtp', packets: 600, bytes: 40_000 },
    { service: 'unlisted', packets: 400, bytes: 24_000 },
  ],
  lagS: 0.25,
  waitingBytes: 4096,
  checkpointAgeS: 1.5,
};

test('an address without a host is this machine alone', () => {
  assert.deepEqual(parseMetricsAddress('9464'), { host: '127.0.0.1', port: 9464 });
  assert.deepEqual(parseMetricsAddress(':9464'), { host: '127.0.0.1', port: 9464 });
  assert.deepEqual(parseMetricsAddress('0.0.0.0:9464'), { host: '0.0.0.0', port: 9464 });
  assert.deepEqual(parseMetricsAddress('[::1]:9464'), { host: '::1', port: 9464 });
  assert.deepEqual(parseMetricsAddress('localhost:1'), { host: 'localhost', port: 1 });
  for (const wrong of ['', 'x', '1:2:3', '::1:9464', '127.0.0.1:', '65536', '[::1]']) {
    assert.throws(() => parseMetricsAddress(wrong), /address and a port/, wrong);
  }
});

test('counters, drops by place, findings and services are served as Prometheus reads them', async () => {
  const metrics = new Metrics();
  const url = await metrics.listen({ host: '127.0.0.1', port: 0 });
  try {
    metrics.show(PROGRESS);
    // Totals, not sums of what was shown.
    metrics.show({ ...PROGRESS, packets: 1200 });
    metrics.hear({ open: { high: 1, medium: 0, low: 4, info: 0 }, notes: [] });
    const response = await fetch(url);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
    const text = await response.text();
    const lines = text.split('\n');
    for (const line of [
      '# TYPE xports_packets_total counter',
      'xports_packets_total 1200',
      'xports_bytes_total 64000',
      'xports_dropped_packets_total{place="kernel"} 3',
      'xports_dropped_packets_total{place="interface"} 0',
      'xports_flows 12',
      'xports_evicted_flows_total 2',
      'xports_findings{severity="high"} 1',
      'xports_findings{severity="low"} 4',
      'xports_service_bytes_total{service="smtp"} 40000',
      'xports_service_packets_total{service="unlisted"} 400',
      'xports_lag_seconds 0.25',
      'xports_rows_waiting_bytes 4096',
      'xports_checkpoint_age_seconds 1.5',
    ]) {
      assert.ok(lines.includes(line), `${line} in\n${text}`);
    }
    assert.equal((await fetch(url.replace('/metrics', '/'))).status, 404);
    assert.equal((await fetch(url, { method: 'POST' })).status, 404);
  } finally {
    metrics.close();
  }
});

test('a count that is not known is left out rather than 0', async () => {
  const metrics = new Metrics();
  const url = await metrics.listen({ host: '127.0.0.1', port: 0 });
  try {
    metrics.show({ ...PROGRESS, kernelDropped: null, interfaceDropped: null });
    assert.doesNotMatch(await (await fetch(url)).text(), /place="kernel"/);
  } finally {
    metrics.close();
  }
});

test('an address that is taken is a usage error', async () => {
  const first = new Metrics();
  const url = new URL(await first.listen({ host: '127.0.0.1', port: 0 }));
  try {
    await assert.rejects(new Metrics().listen({ host: '127.0.0.1', port: Number(url.port) }), {
      exitCode: 2,
      message: /--metrics 127\.0\.0\.1:\d+: .*in use/,
    });
  } finally {
    first.close();
  }
});
