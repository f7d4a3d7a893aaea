// Which stretches of the program's own code ran, as V8 counts them: a mutant that reached a new one is worth keeping.
import { Session } from 'node:inspector';

const OWN = /\/src\/(decode|flow|learn|source|audit|pipeline)\//;

/** Counts what runs from `start` on. It makes all code slower while it is on. */
export class Coverage {
  private readonly session = new Session();
  private readonly reached = new Set<string>();

  start(): void {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.session.post('Profiler.stopPreciseCoverage');
    this.session.disconnect();
  }

  /** How many stretches were reached so far. */
  get size(): number {
    return this.reached.size;
  }

  /** The stretches that `work` reaches and nothing before did; they stay new until they are added. */
  newBy(work: () => void): string[] {
    this.take();
    work();
    return this.take().filter((stretch) => !this.reached.has(stretch));
  }

  add(stretches: Iterable<string>): void {
    for (const stretch of stretches) this.reached.add(stretch);
  }

  /** What ran since this was asked last. */
  private take(): string[] {
    const ran: string[] = [];
    this.session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) return;
      for (const { url, functions } of taken.result) {
        if (!OWN.test(url)) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges)
            if (count > 0) ran.push(`${url} ${startOffset} ${endOffset}`);
        }
      }
    });
    return ran;
  }
}
