/// <reference lib="dom" />
// The page in a real browser, opened from disk: three runs that differ, and one whose every text is an attack.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import type { Browser } from 'playwright-core';
import { pcap } from '../../../fixtures/builder/pcap.ts';
import { xports } from '../../cli/call.ts';
import { query } from '../../support/analyze.ts';
import { coloursDrawn, launch, opened, seriousFaults, whyNoBrowser } from './browser.ts';
import { ATTACK, hostilePackets, poison } from './hostile.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures');

describe('the page of a run, from disk', { skip: whyNoBrowser }, () => {
  let browser: Browser;
  const dir = mkdtempSync(join(tmpdir(), 'xports-page-'));
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function pageOf(name: string, capture: string): Promise<{ db: string; url: string }> {
    const db = join(dir, `${name}.db`);
    await xports('analyze', '--quiet', '--db', db, capture);
    return { db, url: await written(name, db) };
  }

  async function written(name: string, db: string): Promise<string> {
    const file = join(dir, `${name}.html`);
    const { code, err } = await xports('report', '--db', db, '--html', file);
    assert.equal(code, 0, err);
    return pathToFileURL(file).href;
  }

  const runs: readonly (readonly [name: string, capture: string, plotted: boolean])[] = [
    ['sample', 'sample.pcap', true],
    ['domain', 'record/recordings/domain.pcap', true],
    ['damaged', 'damage/cut-in-a-record.pcap', true],
  ];
  for (const [name, capture, plotted] of runs) {
    test(`of ${name} is drawn in both themes, asks for nothing, and has no serious fault`, async () => {
      const { db, url } = await pageOf(name, join(FIXTURES, capture));
      const backgrounds = new Set<string>();
      for (const theme of ['light', 'dark'] as const) {
        const { page, complaints, requests } = await opened(browser, url, theme);
        assert.deepEqual(await seriousFaults(page), []);
        if (plotted) assert.ok((await coloursDrawn(page)) > 2, 'the plot is blank');
        const [{ open }] = query(db, "SELECT count(*) AS open FROM findings WHERE status = 'open'");
        const counts = await page.locator('.tile-count').allTextContents();
        assert.equal(
          counts.map(Number).reduce((sum, count) => sum + count, 0),
          open,
        );
        backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
        assert.deepEqual(complaints, []);
        assert.deepEqual(requests, []);
        await page.context().close();
      }
      assert.equal(backgrounds.size, 2);
    });
  }

  test('searches, sorts, filters, zooms and changes its theme', async () => {
    const { db, url } = await pageOf('used', join(FIXTURES, 'sample.pcap'));
    const { page, complaints } = await opened(browser, url);
    const pairs = page.locator('#pairs');
    const rows = pairs.locator('tbody tr');
    await pairs.getByRole('searchbox').fill('10.10.0.11 tcp/3389');
    await pairs.getByText(/^1 pair of/).waitFor();
    assert.equal(await rows.count(), 1);
    assert.match((await rows.first().textContent()) ?? '', /10\.10\.20\.80/);
    await pairs.getByRole('searchbox').fill('');
    await pairs.getByText(/^\d+ pairs$/).waitFor();
    await pairs.getByRole('button', { name: 'Flows', exact: true }).click();
    const [most] = query(
      db,
      'SELECT initiator, responder, flows FROM service_pairs ORDER BY flows DESC LIMIT 1',
    );
    assert.equal(await rows.first().locator('td').nth(5).textContent(), String(most.flows));
    assert.equal(await pairs.locator('th[aria-sort="descending"]').textContent(), 'Flows');

    await page.locator('.tile.high a').click();
    assert.equal(await page.locator('.finding').count(), 1);
    await page.locator('#findings').getByRole('button', { name: /^all/ }).click();
    const second = page.locator('.finding').nth(1);
    await second.locator('summary').press('Enter');
    await second.getByText('What to do:').waitFor();

    const readout = page.locator('.chart .status');
    const whole = await readout.textContent();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.waitForFunction(
      (text) => document.querySelector('.chart .status')?.textContent !== text,
      whole,
    );
    await page.getByRole('button', { name: 'Whole' }).click();
    await page.waitForFunction(
      (text) => document.querySelector('.chart .status')?.textContent === text,
      whole,
    );

    const rules = page.locator('#rules');
    assert.match((await rules.locator('pre').textContent()) ?? '', /table inet/);
    await rules.getByRole('button', { name: 'Cisco ASA' }).click();
    assert.match((await rules.locator('pre').textContent()) ?? '', /access-list/);

    for (const theme of ['light', 'dark', 'auto']) {
      await page.locator('.theme').click();
      assert.equal(await page.locator('.theme').textContent(), `Theme: ${theme}`);
    }
    assert.deepEqual(complaints, []);
  });

  test('runs nothing of a capture and a database whose every text is a script', async () => {
    const capture = join(dir, `${ATTACK.replaceAll('/', '')}.pcap`);
    writeFileSync(capture, pcap(hostilePackets()));
    const db = join(dir, 'hostile.db');
    const analyzed = await xports('analyze', '--quiet', '--sensor', ATTACK, '--db', db, capture);
    assert.equal(analyzed.code, 0, analyzed.err);
    for (const poisoned of [false, true]) {
      if (poisoned) {
        const file = new Database(db);
        poison(file);
        file.close();
      }
      const url = await written(`hostile-${poisoned}`, db);
      const { page, complaints, requests } = await opened(browser, url);
      for (const details of await page.locator('details > summary').all()) await details.click();
      const found = await page.evaluate(() => ({
        pwned: 'pwned' in window,
        scripts: document.querySelectorAll('script').length,
        others: document.querySelectorAll('img, svg, iframe, object, embed, link, base, form').length,
        handlers: document.querySelectorAll('[onerror], [onload], [onclick]').length,
        text: document.querySelector('main')?.textContent ?? '',
      }));
      assert.deepEqual(
        { ...found, text: '' },
        { pwned: false, scripts: 2, others: 0, handlers: 0, text: '' },
      );
      assert.ok(found.text.includes(ATTACK), 'it is shown as what it is');
      assert.deepEqual(complaints, []);
      assert.deepEqual(requests, []);
      await page.context().close();
    }
  });
});
