// The console's views of the number space, of snapshots, of the network and of alarms, in a real browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Alarm, Network, NumberSpace, NumberSpaceCell } from '../console-model.ts';
import { NO_BROWSER, openBrowser, openPage } from './browser.ts';
import { type FakeAdmin, startFakeAdmin } from './fake-admin.ts';
import { figuresUntil, STATUS } from './fake-figures.ts';
import { snapshotResources } from './fake-snapshots.ts';

const skip = NO_BROWSER;
const AT_MS = Date.UTC(2026, 10, 28, 12);

let browser: Browser;
let admin: FakeAdmin;

/** Cells of which the 58th is Finland's, and no other is anybody's. */
function numberSpace(identity: 'imsi' | 'msisdn', prefix: string): NumberSpace {
  const cells = Array.from({ length: 100 }, (_, at): NumberSpaceCell => {
    const digits = `${prefix}${String(at).padStart(2, '0')}`;
    const isHeld = at === 58;
    return {
      digits,
      owners: isHeld
        ? [
            { member: 'elisa', share: 0.6 },
            { member: 'telia', share: 0.3 },
          ]
        : [],
      uncovered: isHeld ? 0.1 : 1,
      fragmented: isHeld ? 12 : 0,
      ported: isHeld ? 41_200 : 0,
      portedDensity: isHeld ? 0.0412 : null,
      portedTo: isHeld ? [{ member: 'telia', numbers: 30_000 }] : [],
    };
  });
  return { state: 'counted', identity, prefix, countedAtMs: AT_MS, height: 1234, cells };
}

let alarms: Alarm[] = [];
let network: Network = { node: null };
let isCounted = false;

before(async () => {
  if (skip) {
    console.log(`console in a browser: skipped, ${skip}`);
    return;
  }
  admin = await startFakeAdmin({
    'GET /admin/v1/status': () => ({ value: STATUS }),
    'GET /admin/v1/figures': () => ({ value: figuresUntil(AT_MS, 2) }),
    'GET /admin/v1/alarms': () => ({ value: alarms }),
    'GET /admin/v1/network': () => ({ value: network }),
    'GET /admin/v1/number-space': ({ query }) => {
      if (!isCounted) return { value: { state: 'counting', counted: 50_000, total: 200_000 } };
      const identity = query.get('identity') === 'imsi' ? 'imsi' : 'msisdn';
      return { value: numberSpace(identity, query.get('prefix') ?? '') };
    },
    ...snapshotResources(),
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await admin?.close();
});

test('the number space says how far it is counted, and is gone through by keyboard', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, `${admin.url}/#/numbers`);
  await page.getByText('50 k of 200 k entries').waitFor();
  isCounted = true;
  const held = page.getByRole('button', {
    name: '58: elisa 60%, telia 30%, 41,200 ported, 12 fragmented runs',
  });
  await held.waitFor();
  // Of a hundred cells, only one is in the order of tabs: the first that is somebody's.
  assert.equal(await page.locator('.cell[tabindex="0"]').count(), 1);
  await page.getByRole('link', { name: 'all' }).focus();
  await page.keyboard.press('Tab');
  const focused = 'document.activeElement.getAttribute("aria-label").slice(0, 3)';
  assert.equal(await page.evaluate(focused), '58:');
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('heading', { name: '57…' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('heading', { name: '67…' }).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowRight');
  await page.getByText('41,200 · 4.12% of all numbers here').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'prefix 58' }).waitFor();
  await page.getByRole('heading', { name: '5858…' }).waitFor();
  assert.equal(new URL(page.url()).hash, '#/numbers/msisdn/58');
  await page.keyboard.press('Backspace');
  await page.getByRole('heading', { name: '58…', exact: true }).waitFor();
  assert.equal(new URL(page.url()).hash, '#/numbers/msisdn/');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a swap shows what it would change, asks for force where that is needed, and is taken back', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, `${admin.url}/#/snapshots`);
  await page.getByText('BCHF_SNAPSHOT_INVALID').waitFor();
  await page.getByRole('button', { name: 'Swap 000000001100.bchf in' }).click();
  await page.getByText('20.6%').waitFor();
  await page.getByRole('row', { name: /^telia\.24491 elisa\.24405 41,200/ }).waitFor();
  const force = page.getByRole('button', { name: 'Force the swap' });
  assert.equal(await force.isDisabled(), true);
  await page.getByRole('checkbox', { name: /BCHF_SNAPSHOT_LARGE_CHANGE/ }).check();
  await force.click();
  await page.getByText('000000001100.bchf is served, at height 1,100').waitFor();
  const sent = admin.requests
    .filter(({ path }) => path === '/admin/v1/swap')
    .map(({ body }) => body);
  assert.deepEqual(sent, [
    { name: '000000001100.bchf', dryRun: true },
    { name: '000000001100.bchf', force: true },
  ]);
  await page.getByRole('button', { name: 'Roll back …' }).click();
  await page.getByText('Serve 000000001234.bchf again?').waitFor();
  await page.getByRole('button', { name: 'Roll back', exact: true }).click();
  await page.getByText('000000001234.bchf is served again, at height 1,234').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('snapshots are compared and deleted, and a refusal is told with its code', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, `${admin.url}/#/snapshots`);
  await page.getByLabel('with').selectOption('000000001200.bchf');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('heading', { name: 'From what is served to 000000001200.bchf' }).waitFor();
  await page.getByRole('button', { name: 'Delete 000000001200.bchf' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('000000001200.bchf was deleted').waitFor();
  await page
    .getByRole('button', { name: 'Swap 000000001200.bchf in' })
    .waitFor({ state: 'detached' });
  const busy = {
    status: 409,
    detail: 'another is being swapped in',
    code: 'BCHF_SWAP_IN_PROGRESS',
  };
  admin.resources['POST /admin/v1/swap'] = () => ({ status: 409, value: busy });
  await page.getByRole('button', { name: 'Swap 000000001100.bchf in' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('BCHF_SWAP_IN_PROGRESS').waitFor();
  await alert.getByText('another is being swapped in').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a raised alarm is told in every view, with what to do', { skip }, async () => {
  const alarm = {
    name: 'BchfIndexBehind',
    severity: 'warning',
    summary: 'Answers are older than the newest block by more than 5 s.',
    action: 'See whether the node has halted.',
  } as const;
  alarms = [
    { ...alarm, state: 'raised', sinceMs: AT_MS },
    { ...alarm, name: 'BchfNodeAlone', state: 'unknown', sinceMs: null },
  ];
  const { page, faults } = await openPage(browser, admin.url);
  const list = page.getByRole('list', { name: 'Raised alarms' });
  await list.getByText('See whether the node has halted.').waitFor();
  const link = page.getByRole('link', { name: 'Alarms 1 raised' });
  await link.click();
  await page.getByRole('row', { name: /BchfNodeAlone .*not measured here/ }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
  alarms = [];
});

test('a node is shown with its peers and their scores, and another process says that it is none', {
  skip,
}, async () => {
  const { page, faults } = await openPage(browser, `${admin.url}/#/network`);
  await page.getByText('This process is not a node of a network').waitFor();
  network = {
    node: {
      ...{ chainId: 'consortium-1', height: 90, newestHeight: 100, state: 'halted' },
      halted: { height: 91, code: 'BCHF_BLOCK_APP_HASH', message: 'another state' },
      ...{ peerId: '12D3KooWself', addresses: ['/ip4/127.0.0.1/tcp/4001'], proposes: false },
      pendingTransactions: 3,
      peers: [
        { peerId: '12D3KooWgood', height: 100, score: 0 },
        { peerId: '12D3KooWbad', height: null, score: -100 },
      ],
    },
  };
  await page.getByText('The chain is not followed past height 91').waitFor();
  await page.getByRole('row', { name: '12D3KooWgood 100 0 0 good' }).waitFor();
  await page.getByRole('row', { name: '12D3KooWbad – – -100 ignored' }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});
