// xports serve as a process: who may ask, what can be asked, and a page that follows the database.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { xports } from '../../cli/call.ts';
import { scratch } from '../../store/sample.ts';
import { query } from '../../support/analyze.ts';
import { launch, opened, whyNoBrowser } from './browser.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FIXTURES = join(ROOT, 'fixtures');

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function served(
  t: TestContext,
): Promise<{ db: string; port: number; ask: typeof ask; stop: () => Promise<unknown> }> {
  const db = join(scratch(t), 'x.db');
  await xports('analyze', '--quiet', '--db', db, join(FIXTURES, 'sample.pcap'));
  const args = [join(ROOT, 'bin/xports.js'), 'serve', '--db', db, '--port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const port = Number(/^http:\/\/127\.0\.0\.1:(\d+)\/\n$/.exec(line)?.[1]);
  const ended = once(child, 'close');
  const stop = () => {
    child.kill('SIGINT');
    return ended;
  };
  const ask = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      });
      asked.on('error', reject).end();
    });
  return { db, port, ask, stop };
}

describe('xports serve', () => {
  test('answers to its own names only, reads only, and ends at Ctrl-C with 0', async (t) => {
    const { db, port, ask, stop } = await served(t);
    const before = query(db, 'SELECT * FROM runs');
    const page = await ask('/');
    assert.equal(page.status, 200);
    assert.match(
      String(page.headers['content-security-policy']),
      /^default-src 'none'; .*frame-ancestors 'none'$/,
    );
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.equal((await ask('/', 'HEAD', { Host: `${host}:${port}` })).status, 200, host);
    }
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      'localhost',
    ]) {
      const { status, text } = await ask('/data.json', 'GET', { Host: host });
      assert.ok(status === 421 || status === 400, `${host} ${status}`);
      assert.doesNotMatch(text, /10\.10\.0\.11/);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      assert.equal((await ask('/data.json', method)).status, 405, method);
    }
    assert.equal((await ask('/data.json', 'GET', { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
    assert.equal((await ask('/../x.db')).status, 404);
    const data = await ask('/data.json');
    assert.equal(JSON.parse(data.text).run.id, 1);
    const again = await ask('/data.json', 'GET', { 'If-None-Match': String(data.headers.etag) });
    assert.equal(again.status, 304);
    assert.deepEqual(query(db, 'SELECT * FROM runs'), before);
    assert.deepEqual(await stop(), [0, null]);
  });

  test('shows the next run when it begins, and what the reader typed stays', {
    skip: whyNoBrowser,
  }, async (t) => {
    const { db, port } = await served(t);
    const browser = await launch();
    t.after(() => browser.close());
    const { page, complaints, requests } = await opened(browser, `http://127.0.0.1:${port}/`);
    await page.locator('#hosts').getByRole('searchbox').fill('10.');
    await xports('analyze', '--quiet', '--db', db, join(FIXTURES, 'record/recordings/domain.pcap'));
    await page.getByText('run 2').first().waitFor();
    assert.equal(await page.locator('#hosts').getByRole('searchbox').inputValue(), '10.');
    assert.deepEqual(
      complaints.filter((text) => !text.includes('favicon')),
      [],
    );
    assert.deepEqual(
      requests.filter((url) => !url.endsWith('/data.json') && !url.endsWith('/favicon.ico')),
      [],
    );
  });

  test('says at once what is wrong with the database or the port', async (t) => {
    const { db, port } = await served(t);
    assert.equal((await xports('serve', '--db', join(scratch(t), 'none.db'))).code, 6);
    assert.equal((await xports('serve', '--db', db, '--run', '9')).code, 2);
    assert.equal((await xports('serve', '--db', db, '--run', 'all')).code, 2);
    const taken = await xports('serve', '--db', db, '--port', String(port));
    assert.equal(taken.code, 2);
    assert.match(taken.err, /cannot listen on/);
  });
});
