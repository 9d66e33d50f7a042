import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { describe, onTestFinished, test } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Folder for the screenshots, ignored by git. */
const SCREENSHOTS = fileURLToPath(new URL('../../.cache/screenshots/', import.meta.url));

/** A suite that needs Chromium. Without one on the PATH it is skipped, with the reason in its name. */
export function describeWithChromium(name: string, define: (chromium: string) => void): void {
  const chromium = findProgram(NAMES);
  if (chromium !== undefined) {
    describe(name, () => {
      define(chromium);
    });
    return;
  }
  // In this mode no test may be skipped.
  if (process.env.CLAUDE_MEM_REQUIRE_REAL === '1') throw new Error('no Chromium on the PATH');
  describe.skip(`${name} (no Chromium on the PATH: none of ${NAMES.join(', ')})`, () => {
    test.todo('needs a Chromium');
  });
}

/** Starts a headless browser and closes it at the end of the test. */
export async function openChromium(executablePath: string): Promise<Browser> {
  const { launch } = await import('puppeteer-core');
  const browser = await launch({
    executablePath,
    headless: true,
    // Chromium has no sandbox for root, as in a container. It visits only our own page.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-crash-reporter'],
  });
  onTestFinished(() => browser.close());
  return browser;
}

/** Unwanted actions of a page. */
export interface PageDeeds {
  /** Console errors and uncaught errors. */
  readonly errors: string[];
  /** Hosts that the page sent requests to. */
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

/** Takes screenshots: light and dark, wide and narrow. */
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
