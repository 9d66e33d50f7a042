import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MODEL_FILES } from '../embedding-model.ts';

/** Maximum folder depth. A model has few levels, and a mistaken path such as a home must not be searched completely. */
const DEEPEST = 4;
/** In bytes. A smaller file is a git-lfs pointer or an error page. */
const SMALLEST_MODEL = 1_000_000;

/**
 * Copies the model from a folder of any layout to the layout that Chroma expects. If needed, generates vocab.txt from
 * the tokenizer. Chroma checks only the existence of the three small files.
 * @param weights path of the .onnx file, if there are several.
 * @throws Error naming the file that is missing or wrong.
 */
export function arrangeModel(source: string, target: string, weights?: string): void {
  const files = filesBelow(source);
  const found = (name: string): string | undefined => files.find((file) => basename(file) === name);
  const model = weights ?? found('model.onnx') ?? files.find((file) => file.endsWith('.onnx'));
  const tokenizer = found('tokenizer.json');
  if (model === undefined) throw new Error(`${source} has no model.onnx`);
  if (tokenizer === undefined) throw new Error(`${source} has no tokenizer.json`);
  if (statSync(model).size < SMALLEST_MODEL) throw new Error(`${model} is too small to be a model`);
  const vocabulary = readVocabulary(tokenizer);
  mkdirSync(target, { recursive: true });
  copyFileSync(model, join(target, 'model.onnx'));
  copyFileSync(tokenizer, join(target, 'tokenizer.json'));
  for (const name of MODEL_FILES.filter((file) => !existsSync(join(target, file)))) {
    const given = found(name);
    if (given !== undefined) copyFileSync(given, join(target, name));
    else writeFileSync(join(target, name), name === 'vocab.txt' ? vocabulary : '{}\n');
  }
}

/** Moves a complete model into place: other processes see the old or the new one, never a part. */
export function placeModel(staged: string, folder: string): void {
  const previous = `${staged}.previous`;
  mkdirSync(dirname(folder), { recursive: true });
  if (existsSync(folder)) renameSync(folder, previous);
  renameSync(staged, folder);
  rmSync(previous, { recursive: true, force: true });
}

/** Files nearest to the top come first, so that `config.json` belongs to the model itself. */
function filesBelow(source: string): readonly string[] {
  const files: string[] = [];
  let folders = [source];
  for (let depth = 0; depth < DEEPEST && folders.length > 0; depth += 1) {
    const entries = folders.flatMap((folder) =>
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    );
    folders = entries.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
    files.push(...entries.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true));
  }
  return files;
}

/** The words of a tokenizer, ordered by id. */
function readVocabulary(tokenizer: string): string {
  let vocabulary: unknown;
  try {
    const { model } = JSON.parse(readFileSync(tokenizer, 'utf8')) as { model?: { vocab?: unknown } };
    vocabulary = model?.vocab;
  } catch (cause) {
    throw new Error(`${tokenizer} is not JSON`, { cause });
  }
  if (typeof vocabulary !== 'object' || vocabulary === null) throw new Error(`${tokenizer} has no vocabulary`);
  const words = Object.entries(vocabulary as Record<string, number>).sort(([, left], [, right]) => left - right);
  return words.map(([word]) => `${word}\n`).join('');
}
