// Preloaded into the command under test: every read of standard input gives few bytes, of repeatable counts.
import { Socket } from 'node:net';

const [smallest, largest] = process.env.XPORTS_TEST_READS.split('-').map(Number);
const { read } = Socket.prototype;
let state = 20;
let cuts = 0;

function nextSize() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return smallest + (state % (largest - smallest + 1));
}

// Without a size it gives all that has arrived.
Socket.prototype.read = function (size) {
  if (size !== undefined || this.readableLength === 0) return read.call(this, size);
  cuts++;
  return read.call(this, Math.min(this.readableLength, nextSize()));
};

// Were the input read in another way, nothing would be cut and the test would show nothing.
process.on('exit', () => {
  if (cuts === 0) process.exitCode = 99;
});
