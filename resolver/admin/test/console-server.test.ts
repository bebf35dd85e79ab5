// The console before a resolver as it runs, with a ledger: what the page asks for is what it answers.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type BchfServer, startServer } from '../../test/bchf-process.ts';
import type { NumberSpace } from '../console-model.ts';
import { NO_BROWSER, openBrowser, openPage } from './browser.ts';

const skip = NO_BROWSER;
const directory = mkdtempSync(join(tmpdir(), 'bchf-console-'));

let browser: Browser;
let server: BchfServer;
let url: string;

before(async () => {
  if (skip) return;
  const population = ['--ported', '2000', '--fragmented', '50', '--seed', '7'];
  const threads = ['--workers', '1', '--udp-workers', '1', '--sbi-workers', '1'];
  server = await startServer('start', '--data', directory, ...population, ...threads);
  url = `http://127.0.0.1:${server.ports.admin}`;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(directory, { recursive: true });
});

test('the page comes under a policy that lets it run and ask nothing of others', {
  skip,
}, async () => {
  const response = await fetch(url);
  const policy = response.headers.get('content-security-policy') ?? '';
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ]) {
    assert.ok(policy.includes(part), part);
  }
  const page = await response.text();
  assert.doesNotMatch(page, /<script>|<style|\son[a-z]+=|https?:\/\//);
  const tag = response.headers.get('etag')!;
  assert.equal((await fetch(url, { headers: { 'if-none-match': tag } })).status, 304);
  assert.equal((await fetch(`${url}/assets/none.js`)).status, 404);
});

test('lookups, the number space and snapshots of a running resolver are shown', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, `${url}/#/numbers/msisdn/`);
  await page.getByText(`serving · block ${server.height} · up to date`).waitFor();
  const cells = page.locator('.cell:not(.none)');
  await cells.first().waitFor();
  const response = await fetch(`${url}/admin/v1/number-space?prefix=`);
  const space = (await response.json()) as NumberSpace;
  assert.ok(space.state === 'counted');
  const ported = space.cells.reduce((sum, cell) => sum + cell.ported, 0);
  assert.equal(ported, 2000);
  await page.getByRole('button', { name: /^35: / }).click();
  await page.getByRole('button', { name: /^3584: fi-/ }).waitFor();
  await page.goto(`${url}/#/look-up/msisdn-358401234567`);
  await page.getByText(/^Used: /).waitFor();
  await page.goto(`${url}/#/snapshots`);
  await page.getByText('served', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Write a snapshot' }).click();
  await page.getByText(/has this block already/).waitFor();
  await page.goto(`${url}/#/alarms`);
  await page.getByRole('row', { name: /BchfNotServing .*within limits/ }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('what is no question about the number space is refused', { skip }, async () => {
  for (const query of ['identity=nobody', 'prefix=12x', 'prefix=123456789012345', 'digits=3']) {
    const response = await fetch(`${url}/admin/v1/number-space?${query}`);
    assert.equal(response.status, 400, query);
    assert.equal(((await response.json()) as { code: string }).code, 'BCHF_ADMIN_REQUEST');
  }
});
