import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildPage } from '../../scripts/build-page.mjs';
import { tempDir } from '../helpers/temp-dir.ts';

test('the built page loads nothing from other hosts and contains nothing inline', async () => {
  const folder = tempDir();
  await buildPage(folder);
  expect(readdirSync(folder).sort()).toEqual(['icon.svg', 'index.html', 'page.css', 'page.js']);
  for (const name of readdirSync(folder)) {
    // An XML namespace, which no browser fetches.
    const text = readFileSync(join(folder, name), 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
    expect(text.match(/(?:https?:)?\/\/[\w-]+\.\w+/g), name).toBe(null);
    expect(text.match(/@import|url\(|eval\(|new Function|innerHTML|document\.write/g), name).toBe(null);
  }
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(html.match(/<script(?![^>]*\bsrc="\/assets\/)|<style|\sstyle=|\son\w+=|javascript:/g)).toBe(null);
  for (const [, target] of html.matchAll(/\s(?:src|href)="([^"]*)"/g)) expect(target).toMatch(/^\/assets\/[\w.]+$/);
});
