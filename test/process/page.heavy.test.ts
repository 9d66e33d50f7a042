import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { orphans } from '../cli/scene.ts';
import { describeWithChromium, openChromium, takeScreenshots, watchPage } from '../helpers/browser.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { kill, TestTree } from './tree-harness.ts';

const KEYWORD = '--no-chroma';

interface OpenReport {
  readonly page: { readonly url: string | null; readonly expiresAt: string | null; readonly error: string | null };
}

async function openLink(tree: TestTree): Promise<string> {
  const { stdout, status } = await tree.run(['status', '--open', '--json']);
  const { page } = JSON.parse(stdout) as OpenReport;
  expect([status, page.error]).toEqual([0, null]);
  expect(page.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${tree.port}/#code=[\\w-]{43}$`));
  return page.url!;
}

describe('status --open', () => {
  test('prints a one-time link and opens it in a browser if there is one', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const folder = tempDir();
    const opened = join(folder, 'opened');
    writeFileSync(
      join(folder, 'xdg-open'),
      `#!/bin/sh\nprintf %s "$1" > ${opened}.part && mv ${opened}.part ${opened}\n`,
    );
    chmodSync(join(folder, 'xdg-open'), 0o755);
    const env = { DISPLAY: ':99', SSH_CONNECTION: undefined, PATH: `${folder}:${process.env.PATH ?? ''}` };
    const { stdout, stderr, status } = await tree.run(['status', '--open'], { env });
    expect([status, stderr]).toEqual([0, 'Opened in the browser. The link works once, within a minute.\n']);
    const [, url] = /^Page {5}(\S+)$/m.exec(stdout) ?? [];
    await eventually(
      'the browser was given the link',
      () => existsSync(opened) && readFileSync(opened, 'utf8') === url,
    );
    const redeem = () =>
      fetch(`http://127.0.0.1:${tree.port}/page/sessions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ code: url?.split('=')[1] }),
      });
    expect([(await redeem()).status, (await redeem()).status]).toEqual([201, 401]);
    expect(tree.log()).not.toContain(url?.split('=')[1]);
  });

  test('explains how to open the page over SSH', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const env = { DISPLAY: ':99', SSH_CONNECTION: '::1 1 ::1 22' };
    const { stdout, stderr, status } = await tree.run(['status', '--open'], { env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Page {5}http:/m);
    expect(stderr).toContain(`ssh -L ${tree.port}:127.0.0.1:${tree.port} HOST`);
  });

  test('status --open gives the usual answer if nothing runs', async () => {
    const tree = await TestTree.create();
    const { stdout, status } = await tree.run(['status', '--open', '--json']);
    expect([status, (JSON.parse(stdout) as OpenReport).page]).toEqual([3, null]);
    expect(await tree.run(['status', '--open'])).toMatchObject({ status: 3, stderr: '' });
  });

  test('asks the running worker, even if another address is configured now', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const asked: (readonly [url: string | undefined, authorization: string | undefined])[] = [];
    const other = createServer(({ url, headers }, response) => {
      asked.push([url, headers.authorization]);
      response.end('{"treeId":"another","pid":1,"version":"1.0.0"}');
    });
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(tree.port, '127.0.0.2', resolve));
    const env = { CLAUDE_MEM_WORKER_HOST: '127.0.0.2' };
    const { stdout, status } = await tree.run(['status', '--open', '--json'], { env });
    expect([status, asked]).toEqual([0, []]);
    expect((JSON.parse(stdout) as OpenReport).page.url).toContain(`http://127.0.0.1:${tree.port}/#code=`);
  });
});

describeWithChromium('the page', (chromium) => {
  // As a string, because browser types are not available here.
  const text = async (page: Page, selector: string) =>
    String(await page.evaluate(`document.querySelector('${selector}').textContent`));
  const rows = async (page: Page) =>
    (await page.evaluate(
      `[...document.querySelectorAll('#tree tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))`,
    )) as string[][];
  const row = async (page: Page, name: string) =>
    (await rows(page)).find(([first]) => first?.split(',')[0] === name) ?? [];

  test('shows the tree, follows changes, shows a leak, and reconnects after an outage', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const browser = await openChromium(chromium);
    const page = await browser.newPage();
    const deeds = watchPage(page);
    const link = await openLink(tree);
    await page.goto(link);
    const dump = () => text(page, 'body');
    const shows = (what: string, probe: () => Promise<boolean>) => eventually(what, probe, { withinMs: 30_000, dump });

    await shows('the tree', async () => (await rows(page)).length === 3);
    expect((await rows(page)).map(([name, state, pid]) => [name?.split(',')[0], state, Number(pid)])).toEqual([
      ['supervisor', 'running', tree.member('supervisor').pid],
      ['worker', 'running', tree.member('worker').pid],
      ['search', 'answering', tree.member('search').pid],
    ]);
    expect(page.url()).toBe(`http://127.0.0.1:${tree.port}/`);
    expect(await text(page, '#leaks')).toBe('No leaks.');
    expect(await text(page, '#figures')).toContain('switched off by CLAUDE_MEM_CHROMA_ENABLED');
    expect(await page.evaluate(`document.querySelectorAll('canvas').length`)).toBe(4);
    expect(await page.evaluate('document.cookie')).toBe('');

    const killed = tree.member('search');
    kill(killed);
    await shows('another search server', async () => {
      const [, state, pid, , , restarts] = await row(page, 'search');
      return state === 'answering' && Number(pid) !== killed.pid && restarts === '1';
    });

    const leaked = await orphans(tree.dataDir);
    await page.evaluate(`document.querySelector('#ranges button').focus()`);
    await shows('the leak', async () => (await text(page, '#leaks')).startsWith('Leaked: 1 chroma-mcp (uv + python)'));
    const leaks = await text(page, '#leaks');
    expect(leaks).toContain('marked as part of tree');
    expect(leaks).toContain('1 chroma-mcp (uv + python) left by pid ');
    expect(leaks).toContain('claude-mem reap --dry-run');
    await shows('the leak over time', async () => (await text(page, '#count-text')).includes('leaked 2'));
    // An update keeps the elements that the user is working with.
    expect(await page.evaluate(`document.activeElement.textContent`)).toBe('15 min');
    await page.click('#leaks summary');
    await shows('the processes of the group', async () => (await text(page, '#leaks')).includes('python, below pid '));
    for (const pid of leaked.pids) expect(await text(page, '#leaks')).toContain(`pid ${pid} · `);
    expect(await page.evaluate(`document.title`)).toBe('1 leak · claude-mem');
    expect(await page.evaluate(`document.querySelectorAll('#tree .spark polyline').length`)).toBe(3);
    await shows('current CPU', async () => /\d %/.test((await row(page, 'worker'))[4] ?? ''));
    // As on a page that is reached by another address: no clipboard API.
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await page.focus('#leaks .copyable button');
    await page.keyboard.press('Enter');
    await shows(
      'what was copied',
      async () => (await text(page, '#told')).includes('Cop') || (await text(page, '#told')).includes('Ctrl+C'),
    );
    expect(await page.evaluate('getSelection().toString()')).toContain('claude-mem reap');
    await page.click('#points-title');
    await takeScreenshots(page, 'leak');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);

    kill(tree.member('worker'));
    await shows('the next worker', async () => (await row(page, 'worker'))[5] === '1');
    const isOutage = (error: string) => error.includes('ERR_CONNECTION') || error.includes('503');
    expect(deeds.errors.filter((error) => !isOutage(error))).toEqual([]);

    await leaked.cleanup();
    await tree.stop();
    await shows('the outage', async () => /does not answer since \d\d:\d\d:\d\d/.test(await text(page, '#notices')));
    expect(await text(page, '#state')).toBe('not connected');
    await takeScreenshots(page, 'outage');
    await tree.start(KEYWORD);
    await shows('the new tree', async () => Number((await row(page, 'worker'))[2]) === tree.member('worker').pid);
    expect(await text(page, '#notices')).toBe('');
    expect(await text(page, '#leaks')).toBe('No leaks.');

    await page.reload();
    const pastRows = `document.querySelectorAll('#points tbody tr').length`;
    await shows('what was sampled before', async () => Number(await page.evaluate(pastRows)) > 2);
    await page.focus('#ranges button');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await shows('another range', async () => (await text(page, '#ranges [aria-pressed=true]')) !== '15 min');
    await takeScreenshots(page, 'history');
    await shows('the tree after a reload', async () => (await rows(page)).length === 3);
    expect(deeds.errors.filter((error) => !isOutage(error))).toEqual([]);
    expect([...deeds.hosts]).toEqual([`127.0.0.1:${tree.port}`]);
  });

  test('sends no requests while its tab is hidden', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const browser = await openChromium(chromium);
    const page = await browser.newPage();
    await page.goto(await openLink(tree));
    await eventually('the tree is shown', async () => (await rows(page)).length === 3);
    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await hide(true);
    const before = await rows(page);
    kill(tree.member('search'));
    // Another tab of the same browser, with the same session, keeps polling.
    const other = await browser.newPage();
    await other.goto(`http://127.0.0.1:${tree.port}/`);
    const isRestarted = async (tab: Page) => (await row(tab, 'search'))[5] === '1';
    await eventually('the other tab shows the next search server', () => isRestarted(other), { withinMs: 30_000 });
    expect(await rows(page)).toEqual(before);
    await hide(false);
    await eventually('so does this one once it is seen', () => isRestarted(page));
  });

  test('explains what to do if opened with a used link or without one', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const link = await openLink(tree);
    const browser = await openChromium(chromium);
    const [first, second] = [await browser.newPage(), await (await browser.createBrowserContext()).newPage()];
    await first.goto(link);
    await eventually('the first use opens it', async () => (await rows(first)).length === 3);
    await second.goto(link);
    const told = () => text(second, '#notices');
    await eventually('the second is refused', async () =>
      (await told()).includes('This link was already used or has expired. Run in a terminal: claude-mem status --open'),
    );
    expect(await rows(second)).toEqual([]);
    await second.goto(`http://127.0.0.1:${tree.port}/`);
    await eventually('it needs a link', async () => (await told()).includes('needs a one-time link'));
    await takeScreenshots(second, 'refused');
  });
});
