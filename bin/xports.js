#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// The path of a packet is many small functions: letting the compiler put more of them together makes it an eighth
// faster (docs/adr/0003). It has to be said before they are loaded.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
setFlagsFromString('--max-inlined-bytecode-size=1000');

const { main } = await import('../dist/cli/main.js');
// Standard input may be waited for still, and would keep the process.
process.exit(await main(process.argv.slice(2)));
