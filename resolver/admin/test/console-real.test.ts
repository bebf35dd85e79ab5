// The console before real processes, in a real browser, by mouse and by keyboard alone: swaps, rollbacks and
// deletions at a `bchf serve`, and the network at a member's node.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { digitsOf } from '../../../ledger/number.ts';
import { type BchfServer, startServer } from '../../test/bchf-process.ts';
import { expectedRoute, numbers, writeContent } from '../../test/swap-content.ts';
import { TestDevnet } from '../../test/test-devnet.ts';
import { NO_BROWSER, openBrowser, openPage } from './browser.ts';

const skip = NO_BROWSER;
const directory = mkdtempSync(join(tmpdir(), 'bchf-console-real-'));
const folder = join(directory, 'snapshots');
const TABS_MAX = 60;

let browser: Browser;
before(async () => {
  if (!skip) browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true });
});

/** Goes on by the tab key until what has the focus is of this name; presses Enter there. */
async function enter(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

async function tabTo(page: Page, name: string): Promise<void> {
  const focused = `(({ ariaLabel, labels, textContent }) =>
    ariaLabel ?? labels?.[0]?.textContent ?? textContent)(document.activeElement)`;
  // It may still be coming.
  await page
    .getByLabel(name)
    .or(page.getByText(name, { exact: true }))
    .first()
    .waitFor();
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    if (String(await page.evaluate(focused)).trim() === name) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${name} is not reached by the tab key`);
}

async function expectContent(server: BchfServer, content: number): Promise<void> {
  const url = `http://127.0.0.1:${server.ports.http}/nbchf-routing/v1/routing-info`;
  const response = await fetch(`${url}/msisdn-${digitsOf(numbers[3]!)}`, {
    headers: { connection: 'close' },
  });
  const { route } = (await response.json()) as { route: { id: string } };
  assert.equal(route.id, expectedRoute(content, 3));
}

test('a server is swapped, rolled back and tidied up by mouse and by keyboard alone', {
  skip,
}, async () => {
  mkdirSync(folder);
  for (const content of [1, 2]) await writeContent(join(folder, `${content}.bchf`), content);
  for (const height of [3, 4, 5]) {
    await writeContent(join(folder, `other-${height}.bchf`), 1, { height });
  }
  const threads = ['--workers', '1', '--udp-workers', '1', '--sbi-workers', '0'];
  const served = join(folder, '1.bchf');
  const server = await startServer('serve', '--snapshot', served, ...threads);
  try {
    const { page, faults } = await openPage(
      browser,
      `http://127.0.0.1:${server.ports.admin}/#/snapshots`,
    );
    // By mouse: all of its entries are others, so it must be forced.
    await page.getByRole('button', { name: 'Swap 2.bchf in' }).click();
    await page.getByRole('checkbox', { name: /BCHF_SNAPSHOT_LARGE_CHANGE/ }).check();
    await page.getByRole('button', { name: 'Force the swap' }).click();
    await page.getByText('2.bchf is served, at height 2').waitFor();
    await expectContent(server, 2);

    await enter(page, 'Roll back …');
    await enter(page, 'Roll back');
    await page.getByText('1.bchf is served again, at height 1').waitFor();
    await expectContent(server, 1);

    await enter(page, 'Swap 2.bchf in');
    await tabTo(
      page,
      'Swap in although the server refuses it without force BCHF_SNAPSHOT_LARGE_CHANGE',
    );
    await page.keyboard.press('Space');
    await enter(page, 'Force the swap');
    await page.getByText('2.bchf is served, at height 2').waitFor();
    await expectContent(server, 2);

    await enter(page, 'Delete other-3.bchf');
    await enter(page, 'Delete');
    await page.getByText('other-3.bchf was deleted').waitFor();
    await tabTo(page, 'Keep the newest');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('1');
    await enter(page, 'Delete the others …');
    await enter(page, 'Delete');
    await page.getByText('Deleted: other-4.bchf').waitFor();
    assert.deepEqual(readdirSync(folder).sort(), ['1.bchf', '2.bchf', 'other-5.bchf']);
    assert.deepEqual(faults, []);
    await page.close();
  } finally {
    await server.stop();
  }
});

test('a member sees its node and the other member in the network', { skip }, async () => {
  const devnet = new TestDevnet();
  await devnet.start(2);
  try {
    const [first, second] = devnet.running.nodes.map(({ peerId }) => peerId);
    const { page, faults } = await openPage(
      browser,
      `http://127.0.0.1:${devnet.node(2).ports.admin}/#/network`,
    );
    const { height } = await (await devnet.client(2)).status();
    await page.getByText(`${height} of ${height}`).waitFor();
    await page.getByText(second!).first().waitFor();
    await page.getByRole('row', { name: new RegExp(`${first} \\d+ \\d+ 0 good`) }).waitFor();
    assert.deepEqual(faults, []);
    await page.close();
  } finally {
    await devnet.stop();
  }
});
