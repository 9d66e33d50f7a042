import { statSync } from 'node:fs';
import { join } from 'node:path';

/** What Chroma looks for before it uses its embedding model; if one is missing it downloads all of them. */
export const MODEL_FILES = [
  'config.json',
  'model.onnx',
  'special_tokens_map.json',
  'tokenizer_config.json',
  'tokenizer.json',
  'vocab.txt',
] as const;

/** Chroma takes no other place, and no setting for it: it is below the home directory, whatever XDG_CACHE_HOME says. */
export function modelFolder(home: string): string {
  return join(home, '.cache', 'chroma', 'onnx_models', 'all-MiniLM-L6-v2', 'onnx');
}

/** Files of the model that are not there or empty. */
export function missingModelFiles(folder: string): readonly string[] {
  return MODEL_FILES.filter((name) => !isFilled(join(folder, name)));
}

/** Why Chroma could not embed a text now, in words for people; undefined if it can. */
export function modelProblem(home: string): string | undefined {
  const folder = modelFolder(home);
  const missing = missingModelFiles(folder);
  if (missing.length === 0) return undefined;
  const what =
    missing.length === MODEL_FILES.length
      ? 'the embedding model is missing'
      : `the embedding model lacks ${missing.join(', ')}`;
  return `${what} (${folder}); run claude-mem setup`;
}

function isFilled(file: string): boolean {
  try {
    return statSync(file).size > 0;
  } catch {
    // Missing, or unreadable, which is the same to Chroma.
    return false;
  }
}
