// Counters of a live capture for Prometheus, in its text format, over HTTP on this machine.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { Counter, Gauge, Registry } from 'prom-client';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import type { LiveProgress } from '../pipeline/live-options.ts';
import type { News } from '../pipeline/news.ts';

const LOOPBACK = '127.0.0.1';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/** `9464`, `:9464`, `127.0.0.1:9464` or `[::1]:9464`; without a host only this machine can ask. */
export function parseMetricsAddress(text: string): MetricsAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  const port = match === null ? Number.NaN : Number(match[3]);
  if (match !== null && port <= 65_535) return { host: match[1] || match[2] || LOOPBACK, port };
  throw new InvalidArgumentError('Give an address and a port, such as 127.0.0.1:9464.');
}

export class Metrics {
  private readonly registry = new Registry();
  private readonly packets = this.counter('packets_total', 'Packets counted');
  private readonly bytes = this.counter('bytes_total', 'Bytes on the wire of the packets counted');
  private readonly dropped = this.counter('dropped_packets_total', 'Packets lost, by place', 'place');
  private readonly flows = this.gauge('flows', 'Flows in memory');
  private readonly evicted = this.counter(
    'evicted_flows_total',
    'Flows stored before their end for want of room',
  );
  private readonly findings = this.gauge('findings', 'Open findings of the run, by severity', 'severity');
  private readonly servicePackets = this.counter('service_packets_total', 'Packets by service', 'service');
  private readonly serviceBytes = this.counter(
    'service_bytes_total',
    'Bytes on the wire by service',
    'service',
  );
  private readonly lag = this.gauge(
    'lag_seconds',
    'Age of the newest packet counted while more may wait; 0 while the wire is silent',
  );
  private readonly waiting = this.gauge('rows_waiting_bytes', 'Memory of rows that wait for the database');
  private readonly checkpointAge = this.gauge('checkpoint_age_seconds', 'Time since the last checkpoint');
  private readonly memory = this.gauge('resident_memory_bytes', 'Memory of the process');
  private server: Server | null = null;

  /** Listens; answers where. Throws XportsError with exit code 2 where the address cannot be had. */
  async listen({ host, port }: MetricsAddress): Promise<string> {
    const server = createServer((request, response) => {
      const isAsked = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
      if (!isAsked) {
        response.writeHead(404).end('GET /metrics\n');
        return;
      }
      this.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': this.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    }).catch((error: unknown) => {
      throw new XportsError('usage', EXIT.usage, `--metrics ${host}:${port}: ${reasonOf(error)}`);
    });
    server.on('error', () => {});
    server.unref();
    this.server = server;
    const { address, family, port: own } = server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${own}/metrics`;
  }

  show(progress: LiveProgress): void {
    set(this.packets, {}, progress.packets);
    set(this.bytes, {}, progress.bytes);
    const places = [
      ['kernel', progress.kernelDropped],
      ['interface', progress.interfaceDropped],
      ['engine', progress.engineDropped],
    ] as const;
    // What is not known is not there, rather than 0.
    for (const [place, count] of places) if (count !== null) set(this.dropped, { place }, count);
    this.flows.set(progress.flows);
    set(this.evicted, {}, progress.evicted);
    for (const { service, packets, bytes } of progress.services) {
      set(this.servicePackets, { service }, packets);
      set(this.serviceBytes, { service }, bytes);
    }
    this.lag.set(progress.lagS);
    this.waiting.set(progress.waitingBytes);
    this.checkpointAge.set(progress.checkpointAgeS);
    this.memory.set(process.memoryUsage.rss());
  }

  hear({ open }: News): void {
    for (const [severity, count] of Object.entries(open)) this.findings.set({ severity }, count);
  }

  close(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private counter(name: string, help: string, ...labelNames: readonly string[]): Counter {
    return new Counter({ name: `xports_${name}`, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, ...labelNames: readonly string[]): Gauge {
    return new Gauge({ name: `xports_${name}`, help, labelNames, registers: [this.registry] });
  }
}

/** Totals are kept elsewhere: the counter takes them over. */
function set(counter: Counter, labels: Readonly<Record<string, string>>, total: number): void {
  counter.remove(labels);
  counter.inc(labels, total);
}
