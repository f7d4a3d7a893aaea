#!/usr/bin/env node

let main;
try {
  ({ main } = await import('../dist/cli/main.js'));
} catch (error) {
  // A first call from the source tree: what is missing has a name, and one command brings it.
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  const isBuilt = !/dist[/\\]/.test(/module '([^']*)'/.exec(error.message)?.[1] ?? '');
  const [what, help] = isBuilt
    ? ['a package is missing', 'npm ci']
    : ['it is not built yet', 'npm run build'];
  process.stderr.write(`xports: ${what} (${error.message})\n  ${help}, in the directory where xports is\n`);
  process.exit(70);
}
// Standard input may be waited for still, and would keep the process.
process.exit(await main(process.argv.slice(2)));
