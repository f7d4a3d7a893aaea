// Work under way that is looked at again and again. Racing it each time would add a reaction to it each time, which on
// a silent wire is a leak.

export class Pending {
  private isDone = false;
  private failure: { readonly error: unknown } | null = null;
  private wake: (() => void) | null = null;

  constructor(work: Promise<void>) {
    work.then(
      () => this.end(),
      (error: unknown) => {
        this.failure = { error };
        this.end();
      },
    );
  }

  /** Whether the work ends within so many milliseconds. Throws what it throws. */
  async within(milliseconds: number): Promise<boolean> {
    if (!this.isDone) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, milliseconds);
      });
      clearTimeout(timer);
      this.wake = null;
    }
    if (this.failure !== null) throw this.failure.error;
    return this.isDone;
  }

  private end(): void {
    this.isDone = true;
    this.wake?.();
  }
}
