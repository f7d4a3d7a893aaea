import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const SRC = join(ROOT, 'src');
const STAGES = [
  'base',
  'source',
  'decode',
  'flow',
  'service',
  'learn',
  'policy',
  'audit',
  'store',
  'report',
  'pipeline',
  'cli',
];
/** Packages that one place alone may import. */
const HOMES: Readonly<Record<string, RegExp>> = {
  'better-sqlite3': /^store\/sqlite\//,
  fzstd: /^source\/zstd-decoder\.ts$/,
  'pcap-parser': /^source\/pcap-parser\.ts$/,
  commander: /^cli\//,
  cap: /^source\/live\//,
  koffi: /^source\/live\//,
  yaml: /^policy\//,
};
/** Loads the native packages of live capture when they are asked for. */
const LAZY_LOADER = 'source/live/native.ts';
/** Loads each command when it is called for. */
const COMMANDS = 'cli/commands.ts';

interface Import {
  readonly from: string;
  /** A path below src, a package, or node:… */
  readonly to: string;
}

const files = readdirSync(SRC, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts'));

const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8');

const imports: readonly Import[] = files.flatMap((from) => {
  return [...textOf(from).matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';/gms)].map(([, to]) => ({
    from,
    to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to,
  }));
});

const stageOf = (path: string) => path.split('/')[0];
const isOurs = ({ to }: Import) => STAGES.includes(stageOf(to));

test('the import lines are found', () => {
  assert.ok(imports.length > 200, `${imports.length} imports in ${files.length} files`);
  assert.deepEqual(
    files.map(stageOf).filter((stage) => !STAGES.includes(stage)),
    [],
  );
});

test('every import is a line at the top of its file, and nothing else loads a module', () => {
  for (const file of files) {
    const text = textOf(file);
    const lines = [...text.matchAll(/^import\b/gm)].length;
    const found = imports.filter(({ from }) => from === file).length;
    assert.ok(found >= lines, `${file}: ${lines} imports, ${found} understood`);
    assert.doesNotMatch(text, /^import '|\brequire\(/m, file);
    // A command of the same folder, that is.
    const loads = file === COMMANDS ? text.replace(/\bimport\('\.\/[\w-]+\.ts'\)/g, '') : text;
    assert.doesNotMatch(loads, /\bimport\(/, file);
    if (file !== LAZY_LOADER) assert.doesNotMatch(text, /\bcreateRequire\b/, file);
  }
});

test('imports point to the same or an earlier stage', () => {
  const wrong = imports
    .filter(isOurs)
    .filter(({ from, to }) => STAGES.indexOf(stageOf(to)) > STAGES.indexOf(stageOf(from)));
  assert.deepEqual(wrong, []);
});

test('decode and flow know bytes only: they and what they stand on use nothing of Node', () => {
  const pure = ['base', 'decode', 'flow'];
  const wrong = imports.filter(({ from, to }) => pure.includes(stageOf(from)) && !to.startsWith('.'));
  assert.deepEqual(
    wrong.filter(({ to }) => !STAGES.includes(stageOf(to))),
    [],
  );
  for (const file of files.filter((name) => pure.includes(stageOf(name)))) {
    assert.doesNotMatch(textOf(file), /\b(process\.|Buffer\b|setTimeout|setImmediate|globalThis)/, file);
  }
});

test('a native or command-line package is imported in its own place only', () => {
  const wrong = imports.filter(({ from, to }) => to in HOMES && !HOMES[to].test(from));
  assert.deepEqual(wrong, []);
});

test('reports read the store and nothing else', () => {
  const allowed = ['base', 'store', 'report'];
  const wrong = imports
    .filter(isOurs)
    .filter(({ from, to }) => stageOf(from) === 'report' && !allowed.includes(stageOf(to)));
  assert.deepEqual(wrong, []);
});

test('only the command line stands on the pipeline', () => {
  const wrong = imports
    .filter(isOurs)
    .filter(({ from, to }) => stageOf(to) === 'pipeline' && !['pipeline', 'cli'].includes(stageOf(from)));
  assert.deepEqual(wrong, []);
});

test('only the pipeline wires stages of the packet path together', () => {
  const path = ['source', 'decode', 'flow', 'audit'];
  const wrong = imports
    .filter(isOurs)
    .filter(({ from, to }) => stageOf(from) === 'cli' && path.includes(stageOf(to)));
  assert.deepEqual(
    wrong.filter(({ to }) => !to.endsWith('terms.ts')),
    [],
  );
});

test('no file has a default export or an any, or is too long to hold in the head', () => {
  for (const file of files) {
    const text = textOf(file);
    assert.doesNotMatch(text, /^export default|\bas default\b/m, file);
    assert.doesNotMatch(text, /: any\b|<any\b|\bas any\b|\bany\[\]/, file);
    assert.ok(text.split('\n').length <= 401, `${file} has ${text.split('\n').length} lines`);
  }
});

test('the top level holds what it should and no more', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  const top = new Set(tracked.map((path) => path.split('/')[0]));
  const allowed = new Set([
    '.ci',
    '.editorconfig',
    '.gitattributes',
    '.gitignore',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bench',
    'bin',
    'biome.json',
    'docs',
    'fixtures',
    'man',
    'native-notes',
    'package-lock.json',
    'package.json',
    'src',
    'test',
    'tsconfig.check.json',
    'tsconfig.json',
  ]);
  assert.deepEqual(
    [...top].filter((name) => !allowed.has(name)),
    [],
  );
  assert.equal(relative(ROOT, SRC), 'src');
});
