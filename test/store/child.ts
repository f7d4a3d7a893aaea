// A process of its own that writes a run: `child.ts <db> <flows> [hang]`. With `hang` it never finishes.

import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { batchOf, book, checkpointOf, httpsFlow, runStart } from './sample.ts';

const [path, count, hang] = process.argv.slice(2);
const addresses = book('192.0.2.10', '10.0.0.5');
const sink = new SqliteSink(path, runStart());
try {
  for (let first = 1; first <= Number(count); first += 1000) {
    const rows = Array.from({ length: 1000 }, (_, i) => httpsFlow(first + i));
    sink.flows(batchOf(...rows), addresses);
    sink.checkpoint(checkpointOf(), addresses);
  }
} catch (error) {
  console.log((error as Error).message);
  process.exitCode = (error as { exitCode?: number }).exitCode ?? 99;
  sink.close();
}
if (hang) {
  console.log('waiting');
  setInterval(() => {}, 1000);
} else if (process.exitCode === undefined) {
  sink.finish('complete', null);
  sink.close();
}
