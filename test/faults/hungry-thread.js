// Preloaded into the command under test and its threads: after a moment a thread uses up the memory it may have.
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const { Worker, isMainThread } = threads;
if (isMainThread) {
  threads.Worker = class extends Worker {
    constructor(file, options) {
      super(file, { ...options, resourceLimits: { ...options.resourceLimits, maxOldGenerationSizeMb: 64 } });
    }
  };
  syncBuiltinESMExports();
} else {
  setTimeout(() => {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, n) => ({ n })));
  }, 400);
}
