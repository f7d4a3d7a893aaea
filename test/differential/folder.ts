// npm run differential -- FOLDER [--all]: compares every capture of a folder, and of those in it, with the tshark that
// is installed, packet by packet. Prints a line for each file that differs, examples of each kind, and the sums.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Disagreement, KINDS } from './compare.ts';
import { byKind, differ } from './differ.ts';
import { fieldsOf, tsharkVersion } from './fields.ts';
import { NotACapture } from './packets.ts';

const EXAMPLES = 3;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { all: { type: 'boolean' } } });
const version = tsharkVersion();
if (positionals.length === 0 || !positionals.every((path) => existsSync(path)) || version === null) {
  console.error(
    version === null ? 'tshark is not installed' : 'usage: npm run differential -- FOLDER... [--all]',
  );
  process.exit(2);
}

const all: (Disagreement & { readonly path: string })[] = [];
let packets = 0;
let files = 0;
let refused = 0;
for (const path of positionals.flatMap(filesOf)) {
  try {
    const { packets: read, found } = await differ(path, fieldsOf(path));
    packets += read;
    files++;
    all.push(...found.map((one) => ({ ...one, path })));
    if (found.length > 0 || values.all) console.log(`${path}: ${read} packets, ${byKind(found)}`);
  } catch (error) {
    if (!(error instanceof NotACapture)) throw error;
    refused++;
    if (values.all) console.log(`${path}: not read, ${error.message}`);
  }
}
for (const kind of KINDS) {
  for (const { path, frame, ours, theirs } of all.filter((one) => one.kind === kind).slice(0, EXAMPLES))
    console.log(`${kind}: ${path} frame ${frame}: xports "${ours}", tshark "${theirs}"`);
}
console.log(
  `${packets} packets of ${files} captures against tshark ${version}; ${refused} files are no captures. ` +
    `Disagreements: ${byKind(all)}`,
);
process.exitCode = all.length > 0 ? 1 : 0;

function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
