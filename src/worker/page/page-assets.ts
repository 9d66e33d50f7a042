import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PageAsset {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** The only files that the page serves. */
export type AssetName = keyof typeof TYPES;

export function isAssetName(name: string): name is AssetName {
  return Object.hasOwn(TYPES, name);
}

/** Reads a file on first request, because most workers never serve the page. */
export function createAssetReader(folder: string): (name: AssetName) => PageAsset {
  const known = new Map<AssetName, PageAsset>();
  return (name) => {
    const asset = known.get(name) ?? readAsset(folder, name);
    known.set(name, asset);
    return asset;
  };
}

function readAsset(folder: string, name: AssetName): PageAsset {
  const body = readFileSync(join(folder, name));
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[name], body, etag };
}
