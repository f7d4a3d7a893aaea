// A step of the build: the page's modules, which refer to each other by relative imports, as one script without any, and
// its styles, with uPlot's before them. Names at the top of modules must differ; the step fails where they do not.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const IMPORT = /^import\b[^;]*?from '([^']+)';\n/gm;
/** A file for each part of the page; those that change others for narrow screens and paper come last. */
const STYLES = [
  ...['colours', 'base', 'bar', 'hero', 'controls', 'findings', 'tables', 'who', 'when', 'rules'],
  ...['narrow', 'print'],
];
const TOP_LEVEL_NAME = /^(?:async )?(?:function|const|let|class) (\w+)/gm;

/** The text of a module behind those of what it imports, each once. */
export function linked(entry: string, read: (path: string) => string): string {
  const done = new Set<string>();
  const owners = new Map<string, string>();
  const textOf = (path: string): string => {
    if (done.has(path)) return '';
    done.add(path);
    const text = read(path);
    const before = [...text.matchAll(IMPORT)]
      .map(([, name]) => name)
      .filter((name) => name.startsWith('.'))
      .map((name) => textOf(resolve(dirname(path), name)));
    const own = text.replace(IMPORT, '').replace(/^export (?=function|async|const|let|class)/gm, '');
    if (/^(?:import|export)\b/m.test(own.replace(/^export \{\};\n?/gm, ''))) {
      throw new Error(`${path} has an import or export that the build does not know`);
    }
    for (const [, name] of own.matchAll(TOP_LEVEL_NAME)) {
      const owner = owners.get(name);
      if (owner !== undefined) throw new Error(`${name} is in ${owner} and in ${path}`);
      owners.set(name, path);
    }
    return before.join('') + own.replace(/^export \{\};\n?/gm, '');
  };
  return textOf(entry);
}

/** Writes page.js and page.css beside this file, and takes the modules away. */
function build(here: string): void {
  const root = join(here, '../../..');
  const uplot = join(root, 'node_modules/uplot');
  const licence = readFileSync(join(uplot, 'LICENSE'), 'utf8').trim();
  const script = [
    `/*\nuPlot:\n${licence}\n*/`,
    readFileSync(join(uplot, 'dist/uPlot.iife.min.js'), 'utf8'),
    linked(join(here, 'page/main.js'), (path) => readFileSync(path, 'utf8')),
  ].join('\n');
  const ours = STYLES.map((name) => join(root, `src/report/html/page/styles/${name}.css`));
  const styles = [join(uplot, 'dist/uPlot.min.css'), ...ours];
  writeFileSync(join(here, 'page.js'), script);
  writeFileSync(join(here, 'page.css'), styles.map((path) => readFileSync(path, 'utf8')).join('\n'));
  rmSync(join(here, 'page'), { recursive: true });
}

if (process.argv[2] === 'build') build(import.meta.dirname);
