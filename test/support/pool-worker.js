// Runs the command lines that the parent sends through the built program, and answers with what each left.
import { main } from '../../dist/cli/main.js';

// Every run listens to the streams anew, which is no leak here.
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);

let stderr = '';
process.stderr.write = (chunk) => {
  stderr += chunk;
  return true;
};

process.on('message', async (args) => {
  stderr = '';
  const exit = await main(args);
  process.send({ exit, stderr });
});
