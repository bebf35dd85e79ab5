// The console in a real browser: what it shows, that it needs no mouse, and that it asks nobody else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { NO_BROWSER, openBrowser, openPage, overflowOf } from './browser.ts';
import { type FakeAdmin, startFakeAdmin } from './fake-admin.ts';
import { figuresUntil, STATUS } from './fake-figures.ts';
import { snapshotResources } from './fake-snapshots.ts';

const skip = NO_BROWSER;
const AT_MS = Date.UTC(2026, 10, 28, 12);

let browser: Browser;
let admin: FakeAdmin;

function workingResources(): FakeAdmin['resources'] {
  return {
    'GET /admin/v1/status': () => ({ value: STATUS }),
    'GET /admin/v1/alarms': () => ({ value: [] }),
    'GET /admin/v1/network': () => ({ value: { node: null } }),
    'GET /admin/v1/number-space': () => ({ value: { state: 'counting', counted: 0, total: 1 } }),
    ...snapshotResources(),
    'GET /admin/v1/figures': ({ query }) => {
      const sinceMs = Number(query.get('sinceMs'));
      const { intervalMs, samples } = figuresUntil(AT_MS);
      return { value: { intervalMs, samples: samples.filter(({ atMs }) => atMs > sinceMs) } };
    },
    'GET /admin/v1/routing-info/*': ({ path }) => {
      if (path.endsWith('x')) return NO_NUMBER;
      return path.endsWith('/msisdn-358401234567') ? { value: FOUND } : NOT_FOUND;
    },
  };
}

const ROUTE = {
  id: 'elisa.24405',
  member: 'elisa',
  plmn: { mcc: '244', mnc: '05' },
  nfType: 'UDM',
  nfInstanceId: 'ccf7c535-a2d7-4cec-9664-6553e8746a5c',
  fqdn: 'udm.5gc.mnc005.mcc244.3gppnetwork.org',
  ipv4Addresses: ['10.1.2.3'],
  port: 443,
  groupId: 'udm-1',
};
const PORTED = { entry: 'ported', from: '358401234567', to: '358401234567' };
const PREFIX = { entry: 'prefix', prefix: '35840' };
const FOUND = {
  ueId: 'msisdn-358401234567',
  match: PORTED,
  route: ROUTE,
  ledger: { height: 1234, blockHash: 'AB'.repeat(32), lagMs: 0 },
  explanation: [
    {
      match: PORTED,
      route: ROUTE,
      matchedLength: 12,
      wins: true,
      why: 'ported numbers come before runs and prefixes',
      shadows: PREFIX,
      setBy: { height: 17, transaction: 'CD'.repeat(32) },
    },
    {
      match: PREFIX,
      route: { ...ROUTE, id: 'telia.24491', member: 'telia' },
      matchedLength: 5,
      wins: false,
      why: 'ported numbers come before prefixes',
      setBy: null,
    },
  ],
  explanationCut: { cause: 'RUNS_LEFT_OUT', runsLeftOut: 1024, orMore: true },
};
const NO_NUMBER = {
  status: 400,
  value: { status: 400, detail: 'x', cause: 'MANDATORY_IE_INCORRECT' },
};
const NOT_FOUND = { status: 404, value: { status: 404, detail: 'x', cause: 'USER_NOT_FOUND' } };

before(async () => {
  if (skip) {
    console.log(`console in a browser: skipped, ${skip}`);
    return;
  }
  admin = await startFakeAdmin(workingResources());
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await admin?.close();
});

test('the overview shows height, lookups of each interface and their percentiles', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, admin.url);
  await page.getByText('serving · block 1,234 · up to date').waitFor();
  const batch = page.getByRole('row', { name: /^UDP batch/ });
  await batch.waitFor();
  const cells = await batch.getByRole('cell').allInnerTexts();
  const { lookups, p50Us } = figuresUntil(AT_MS).samples.at(-1)!.interfaces.batch;
  assert.equal(cells[1], `${(lookups / 1000).toFixed(2).replace(/\.?0+$/, '')} k`);
  assert.equal(cells[3], `${p50Us} µs`);
  await page.getByRole('img', { name: /^Lookups a second .*UDP batch/ }).waitFor();
  await page.getByRole('radio', { name: 'ENUM' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('img', { name: /^Latency of ENUM/ }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a number is looked up by keyboard alone, with everything that was considered', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, admin.url);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  // Skip link, brand, then the views.
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate('document.activeElement.textContent');
    if (focused === 'Lookup') break;
  }
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Lookup' }).waitFor();
  assert.equal(
    await page.evaluate('document.activeElement === document.querySelector("h1")'),
    true,
  );
  await page.keyboard.press('Tab');
  await page.keyboard.type('+358 40 123-4567');
  await page.keyboard.press('Enter');
  await page.getByText('Used: ported numbers come before runs and prefixes.').waitFor();
  await page.getByText('Not used: ported numbers come before prefixes.').waitFor();
  await page.getByText('Set in block 17 by transaction CDCDCDCDCDCDCDCD…').waitFor();
  await page.getByText('Not shown: 1,024 or more runs around the outermost one above.').waitFor();
  assert.equal(new URL(page.url()).hash, '#/look-up/msisdn-358401234567');
  await page.getByLabel('Number').fill('999');
  await page.keyboard.press('Enter');
  await page.getByText('it belongs to no member').waitFor();
  await page.getByLabel('Number').fill('12x');
  await page.keyboard.press('Enter');
  await page.getByText('That is not a number').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('every view fits a small screen, in light and in dark', { skip }, async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, faults } = await openPage(browser, admin.url, {
      width: 360,
      height: 740,
      colorScheme,
    });
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    assert.equal(ground, colorScheme === 'light' ? 'rgb(244, 245, 248)' : 'rgb(14, 17, 22)');
    const names = await page.getByRole('navigation', { name: 'Views' }).getByRole('link').all();
    assert.equal(names.length, 6);
    for (const link of names) {
      await link.click();
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.ok((await overflowOf(page)) <= 0, await link.innerText());
    }
    // Nor is there a table within it that has to be scrolled sideways.
    await page.getByRole('link', { name: 'Snapshots' }).click();
    await page
      .getByRole('button', { name: /^Swap .* in$/ })
      .first()
      .waitFor();
    const isScrolled = `[...document.querySelectorAll('.scroll')].some(
      ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)`;
    assert.equal(await page.evaluate(isScrolled), false);
    assert.deepEqual(faults, []);
    await page.close();
  }
});

test('a process that stops answering is told, and what it last said stays', { skip }, async () => {
  const mortal = await startFakeAdmin(workingResources());
  const { page } = await openPage(browser, mortal.url);
  await page.getByText('serving · block 1,234').waitFor();
  await mortal.close();
  await page.getByText('The process does not answer').waitFor();
  await page.getByText('no answer').waitFor();
  assert.equal(await page.getByRole('row', { name: /^HTTP/ }).count(), 1);
  await page.close();
});

test('a token that is asked for is sent from then on, and is kept nowhere', { skip }, async () => {
  const guarded = await startFakeAdmin({});
  let wrongTokens = 0;
  for (const [name, resource] of Object.entries(workingResources())) {
    guarded.resources[name] = (request) => {
      const { authorization } = request.headers;
      if (authorization === 'Bearer s3cret') return resource(request);
      if (authorization !== undefined) wrongTokens++;
      return { status: 401, value: { status: 401, detail: 'A token is needed.' } };
    };
  }
  const { page } = await openPage(browser, guarded.url);
  await page.goto(`${guarded.url}/#/look-up/msisdn-358401234567`);
  await page.getByLabel('Bearer token').fill('secret');
  await page.keyboard.press('Enter');
  await page.getByText('That is not the token.').waitFor();
  for (let polls = 0; polls < 2; polls++) await page.waitForResponse(/\/figures/);
  assert.equal(wrongTokens, 1, 'a wrong token is sent once, however often the page asks');
  await page.getByLabel('Bearer token').fill('s3cret');
  await page.keyboard.press('Enter');
  await page.getByText('serving · block 1,234').waitFor();
  await page.getByText('Used: ported numbers come before runs and prefixes.').waitFor();
  const kept = 'localStorage.length + sessionStorage.length + document.cookie.length';
  assert.equal(await page.evaluate(kept), 0);
  await page.close();
  await guarded.close();
});
