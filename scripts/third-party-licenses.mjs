import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const IN_PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
/** Licenses of data that was copied and belongs to no package. */
const DATA_LICENSES = ['src/operations/redact/secrets/gitleaks-license.txt'];
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** Collects the packages whose code is part of a bundle, and their licenses, which must accompany the code. */
export class BundledPackages {
  #folders = new Set();

  /** @param metafile of an esbuild build. */
  add({ inputs }) {
    for (const path of Object.keys(inputs)) {
      const folder = IN_PACKAGE.exec(path)?.[0];
      if (folder !== undefined) this.#folders.add(folder);
    }
  }

  /** @throws Error for a package without a license. */
  licenses() {
    const packages = [...this.#folders].sort().map(describe);
    return [...packages, ...DATA_LICENSES.map((file) => readFileSync(file, 'utf8'))].join(`\n${'-'.repeat(80)}\n\n`);
  }
}

function describe(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder} names no license`);
  const by = typeof author === 'string' ? author : author?.name;
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version}, ${license}${by === undefined ? '' : `, ${by}`}`, ...texts, ''].join('\n\n');
}
