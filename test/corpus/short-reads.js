// Preloaded into the command under test: every read of standard input gives few bytes, of repeatable counts.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [smallest, largest] = process.env.XPORTS_TEST_READS.split('-').map(Number);
const { read } = fs;
let state = 20;
let cuts = 0;

function nextSize() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return smallest + (state % (largest - smallest + 1));
}

fs.read = (fd, into, at, length, position, done) => {
  if (fd !== 0) return read(fd, into, at, length, position, done);
  cuts++;
  return read(fd, into, at, Math.min(length, nextSize()), position, done);
};
syncBuiltinESMExports();

// Were the input read in another way, nothing would be cut and the test would show nothing.
process.on('exit', () => {
  if (cuts === 0) process.exitCode = 99;
});
