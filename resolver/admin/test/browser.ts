// A real Chromium for tests of the console: Debian's, or the one that BCHF_TEST_CHROMIUM names.

import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.BCHF_TEST_CHROMIUM ?? '/usr/bin/chromium';

/** Why tests in a browser are skipped; `false` where they are not. */
export const NO_BROWSER: string | false = existsSync(EXECUTABLE)
  ? false
  : `${EXECUTABLE} is not there (Debian: apt-get install chromium)`;

export function openBrowser(): Promise<Browser> {
  // The sandbox needs a user other than root; what is shown comes from the test itself.
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
}

export interface WatchedPage {
  page: Page;
  /** Everything that the page must not do: errors, and requests to others. */
  faults: string[];
}

export interface PageOptions {
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
}

/** A page that notes what goes wrong in it; answers that the test has refused are no fault. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, height = 900, colorScheme = 'light' }: PageOptions = {},
): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) {
      faults.push(`console: ${text}`);
    }
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}

/** How many pixels a page is wider than its window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}
