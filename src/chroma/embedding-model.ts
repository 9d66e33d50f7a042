import { statSync } from 'node:fs';
import { join } from 'node:path';

/** The files Chroma checks before it uses its embedding model. If one is missing, it downloads all of them. */
export const MODEL_FILES = [
  'config.json',
  'model.onnx',
  'special_tokens_map.json',
  'tokenizer_config.json',
  'tokenizer.json',
  'vocab.txt',
] as const;

/** Chroma supports no other location: always below the home directory, regardless of XDG_CACHE_HOME. */
export function modelFolder(home: string): string {
  return join(home, '.cache', 'chroma', 'onnx_models', 'all-MiniLM-L6-v2', 'onnx');
}

/** Model files that are missing or empty. */
export function missingModelFiles(folder: string): readonly string[] {
  return MODEL_FILES.filter((name) => !isFilled(join(folder, name)));
}

/** Why Chroma cannot embed texts now, for users; undefined if it can. */
export function modelProblem(home: string): string | undefined {
  const folder = modelFolder(home);
  const missing = missingModelFiles(folder);
  if (missing.length === 0) return undefined;
  const what =
    missing.length === MODEL_FILES.length
      ? 'the embedding model is missing'
      : `the embedding model is incomplete: it lacks ${missing.join(', ')}`;
  return `${what} (${folder}); run claude-mem setup`;
}

function isFilled(file: string): boolean {
  try {
    return statSync(file).size > 0;
  } catch {
    // Missing or unreadable, which makes no difference to Chroma.
    return false;
  }
}
