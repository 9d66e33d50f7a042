import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { describe, onTestFinished, test } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Where a person can look at what was seen; ignored by git. */
const SCREENSHOTS = fileURLToPath(new URL('../../.cache/screenshots/', import.meta.url));

/** A suite that needs a Chromium; skipped, with the reason in its name, where none is on the PATH. */
export function describeWithChromium(name: string, define: (chromium: string) => void): void {
  const chromium = findProgram(NAMES);
  if (chromium !== undefined) {
    describe(name, () => {
      define(chromium);
    });
    return;
  }
  // There is none to be skipped where everything has to be proven.
  if (process.env.CLAUDE_MEM_REQUIRE_REAL === '1') throw new Error('no Chromium on the PATH');
  describe.skip(`${name} (no Chromium on the PATH: none of ${NAMES.join(', ')})`, () => {
    test.todo('needs a Chromium');
  });
}

/** A headless browser; closed when the test is over. */
export async function openChromium(executablePath: string): Promise<Browser> {
  const { launch } = await import('puppeteer-core');
  const browser = await launch({
    executablePath,
    headless: true,
    // Root, as in a container, has no sandbox; what is visited is our own page.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-crash-reporter'],
  });
  onTestFinished(() => browser.close());
  return browser;
}

/** What a page did that it should not have. */
export interface PageDeeds {
  /** Errors on its console, and those that nobody caught. */
  readonly errors: string[];
  /** Hosts it asked for anything. */
  readonly hosts: Set<string>;
}

export function watchPage(page: Page): PageDeeds {
  const deeds: PageDeeds = { errors: [], hosts: new Set() };
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) deeds.errors.push(message.text());
  });
  page.on('pageerror', (error) => deeds.errors.push(String(error)));
  page.on('request', (request) => deeds.hosts.add(new URL(request.url()).host));
  return deeds;
}

/** Pictures for people: light and dark, wide and narrow. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const width of [1280, 390]) {
    await page.setViewport({ width, height: 900 });
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
  }
}

function findProgram(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
