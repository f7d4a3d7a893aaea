// What a capture counted in all of its runs, for the screen and the metrics.

import type { ServiceTotal } from './live-options.ts';
import type { LiveRun } from './live-run.ts';

export interface Totals {
  readonly packets: number;
  readonly bytes: number;
  readonly evicted: number;
  readonly services: readonly ServiceTotal[];
}

/** The totals of the runs that are over; those of the one that goes on are added when they are asked for. */
export class LiveTotals {
  private packets = 0;
  private bytes = 0;
  private evicted = 0;
  private services = new Map<string, ServiceTotal>();

  /** With those of the run that goes on. */
  with(run: LiveRun): Totals {
    const { path } = run;
    const sum = new Map(this.services);
    for (const { service, packets, bytes } of run.services()) {
      const before = sum.get(service);
      sum.set(service, {
        service,
        packets: packets + (before?.packets ?? 0),
        bytes: bytes + (before?.bytes ?? 0),
      });
    }
    return {
      packets: this.packets + path.packets,
      bytes: this.bytes + path.bytes,
      evicted: this.evicted + path.meter.evicted,
      services: [...sum.values()],
    };
  }

  /** The run is over: no packet goes to it any more. */
  end(run: LiveRun): void {
    const { packets, bytes, evicted, services } = this.with(run);
    this.packets = packets;
    this.bytes = bytes;
    this.evicted = evicted;
    this.services = new Map(services.map((total) => [total.service, total]));
  }
}
