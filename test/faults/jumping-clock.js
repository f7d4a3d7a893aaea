// Preloaded into the command under test: the wall clock goes a day back or forth each time it is asked.
const { now } = Date;
let turn = 0;
Date.now = () => now() + [0, 86_400_000, -86_400_000][turn++ % 3];
