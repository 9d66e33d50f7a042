import { copyFile, mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

const FILES = ['index.html', 'icon.svg'];

/** Builds the worker's page: four files without external dependencies. Returns esbuild's result. */
export async function buildPage(outdir) {
  await mkdir(outdir, { recursive: true });
  const { metafile } = await build({
    outdir,
    entryPoints: ['src/page/page.ts', 'src/page/page.css'],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  await Promise.all(FILES.map((name) => copyFile(`src/page/${name}`, `${outdir}/${name}`)));
  return metafile;
}
