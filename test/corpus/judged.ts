// npm run judged: writes the golden file of findings by payload again, and says what has changed.
import { existsSync, writeFileSync } from 'node:fs';
import { listCaptures } from './corpus.ts';
import { differencesOf, goldenPath, goldenText, linesOf, readGolden, UNJUDGED } from './payload-findings.ts';
import { analyzePooled, closePool, inParallel } from './run.ts';

const found = await inParallel(listCaptures(), async ({ file, path }) =>
  linesOf(file, (await analyzePooled([path])).rows),
);
closePool();
const golden = existsSync(goldenPath) ? readGolden() : [];
const text = goldenText(golden, found.flat());
writeFileSync(goldenPath, text);
for (const difference of differencesOf(golden, found.flat())) process.stdout.write(`${difference}\n`);
const open = text.split('\n').filter((line) => line.endsWith(`\t${UNJUDGED}`)).length;
process.stdout.write(`${found.flat().length} findings, ${open} not judged yet\n`);
