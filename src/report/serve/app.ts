// The page of a run over HTTP, for the machine it runs on: two addresses that are read, and none that changes anything.
// The Host header is checked, since a page of another site can lead a browser here under a name of its own.

import { Hono } from 'hono';
import { pageDocument } from '../html/document.ts';
import type { PageModel } from '../html/model.ts';

/** What is served: a model, and a text that differs whenever another would be made. */
export interface Snapshot {
  readonly model: PageModel;
  readonly tag: string;
}

const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** `snapshot` may throw, which answers 503 with its sentence. `port` is asked for when a request comes. */
export function pageApp(snapshot: () => Snapshot, port: () => number): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`);
    const bare = port() === 80 ? ['127.0.0.1', 'localhost', '[::1]'] : [];
    const host = context.req.header('Host')?.toLowerCase() ?? '';
    if (![...names, ...bare].includes(host)) {
      return context.text('This page is for this machine, by its own name.\n', 421, HEADERS);
    }
    if (!['GET', 'HEAD'].includes(context.req.method)) {
      return context.text('There is nothing to change here.\n', 405, { ...HEADERS, Allow: 'GET, HEAD' });
    }
    const site = context.req.header('Sec-Fetch-Site') ?? 'none';
    if (context.req.path !== '/' && !['none', 'same-origin'].includes(site)) {
      return context.text('Other sites read nothing here.\n', 403, HEADERS);
    }
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    return undefined;
  });
  app.get('/', (context) => {
    const { html, policy } = pageDocument(snapshot().model, true);
    return context.html(html, 200, { 'Content-Security-Policy': `${policy}; frame-ancestors 'none'` });
  });
  app.get('/data.json', (context) => {
    const { model, tag } = snapshot();
    const etag = `"${tag}"`;
    if (context.req.header('If-None-Match') === etag) return context.body(null, 304, { ETag: etag });
    return context.json(model, 200, { ETag: etag });
  });
  app.notFound((context) =>
    context.text('There is the page at / and its data at /data.json.\n', 404, HEADERS),
  );
  app.onError((error, context) => context.text(`${error.message}\n`, 503, HEADERS));
  return app;
}
