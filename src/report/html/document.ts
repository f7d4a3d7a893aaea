// The page as one HTML document that needs nothing else. Only the script and the styles whose hashes its policy names
// run (Content Security Policy level 3, section 2.3.1), whatever else were to stand in it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EXIT, XportsError } from '../../base/errors.ts';
import type { PageModel } from './model.ts';

export interface Document {
  readonly html: string;
  /** The policy, for a server's header too. */
  readonly policy: string;
}

/** With `live`, the page asks the server that it came from for news. */
export function pageDocument(model: PageModel, live = false): Document {
  const [script, style] = ['page.js', 'page.css'].map(asset);
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    ...(live ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>xports: Exchange port report, run ${model.run.id}</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This report is drawn by a script within the file: allow it to run. It loads and sends nothing.</p></noscript>
<script type="application/json" id="model"${live ? ' data-live' : ''}>${embedded(model)}</script>
<script type="module">${script}</script>
</body>
</html>
`;
  return { html, policy };
}

/** JSON that no parser of HTML can leave: the only way out of a script element begins with \`<\`. */
export function embedded(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** A part of the page that the build made. */
function asset(name: string): string {
  // The same from src and from dist.
  const url = new URL(`../../../dist/report/html/${name}`, import.meta.url);
  let text: string;
  try {
    text = readFileSync(url, 'utf8');
  } catch {
    throw new XportsError(
      'internal',
      EXIT.internal,
      `the page's ${name} is missing`,
      'build it: npm run build',
    );
  }
  if (/<\/(?:script|style)|<!--/i.test(text)) {
    throw new XportsError('internal', EXIT.internal, `${name} cannot stand in a page`);
  }
  return text;
}
