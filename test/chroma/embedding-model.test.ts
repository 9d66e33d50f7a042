import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MODEL_FILES, modelFolder, modelProblem } from '../../src/chroma/embedding-model.ts';
import { tempDir } from '../helpers/temp-dir.ts';

test('the model consists of the six files that Chroma checks', () => {
  expect(MODEL_FILES).toEqual([
    'config.json',
    'model.onnx',
    'special_tokens_map.json',
    'tokenizer_config.json',
    'tokenizer.json',
    'vocab.txt',
  ]);
});

test('an empty or missing file makes the model incomplete, and an absent folder makes it missing', () => {
  const home = tempDir();
  expect(modelProblem(home)).toMatch(/^the embedding model is missing \(/);
  mkdirSync(modelFolder(home), { recursive: true });
  for (const name of MODEL_FILES) writeFileSync(join(modelFolder(home), name), name === 'model.onnx' ? '' : 'x');
  expect(modelProblem(home)).toMatch(/^the embedding model is incomplete: it lacks model\.onnx \(/);
  writeFileSync(join(modelFolder(home), 'model.onnx'), 'x');
  expect(modelProblem(home)).toBeUndefined();
});
