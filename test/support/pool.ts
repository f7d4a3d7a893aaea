// Many command lines, few processes: starting Node for each of hundreds of small captures is most of their time.
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export interface PooledResult {
  readonly exit: number;
  readonly stderr: string;
}

interface Job {
  readonly args: readonly string[];
  readonly resolve: (result: PooledResult) => void;
  readonly reject: (error: Error) => void;
}

/** Command lines run one after another in each process, so one that leaves something behind spoils the next. */
export class Pool {
  private readonly idle: ChildProcess[] = [];
  private readonly all: ChildProcess[] = [];
  private readonly waiting: Job[] = [];

  run(args: readonly string[]): Promise<PooledResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ args, resolve, reject });
      this.next();
    });
  }

  close(): void {
    for (const child of this.all) child.disconnect();
    this.all.length = 0;
  }

  private next(): void {
    const child = this.idle.pop() ?? this.start();
    const job = child && this.waiting.shift();
    if (!child) return;
    if (!job) {
      this.idle.push(child);
      return;
    }
    const onExit = (code: number | null) => {
      this.all.splice(this.all.indexOf(child), 1);
      job.reject(new Error(`the process of the pool ended with ${code}`));
      this.next();
    };
    child.once('exit', onExit);
    child.once('message', (result) => {
      child.off('exit', onExit);
      job.resolve(result as PooledResult);
      this.idle.push(child);
      this.next();
    });
    child.send(job.args);
  }

  private start(): ChildProcess | undefined {
    if (this.waiting.length === 0 || this.all.length >= Math.min(4, availableParallelism())) return undefined;
    const child = fork(join(import.meta.dirname, 'pool-worker.js'), { stdio: 'ignore' });
    this.all.push(child);
    return child;
  }
}
