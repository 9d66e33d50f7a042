import { OFF_BY_SETTING } from '../../core/health/chroma-off.ts';
import { prepareModel } from './model-step.ts';
import { preparePackages } from './packages-step.ts';
import { preparePython } from './python-step.ts';
import { type SetupDependencies, type SetupOptions, type SetupStep, step, STEP_TITLES, type StepId } from './step.ts';
import { prepareUvx } from './uvx-step.ts';
import { messageOf } from '../../shared/errors.ts';

/**
 * Prepares semantic search. Each step checks first and does only what is missing, so setup can run again at any time.
 * Never throws: a failure becomes a failed step, and the steps that need it are skipped.
 */
export async function setUpChroma(
  dependencies: SetupDependencies,
  options: SetupOptions,
): Promise<readonly SetupStep[]> {
  const steps: SetupStep[] = [];
  if (!dependencies.settings.chromaEnabled) return skipRest(steps, OFF_BY_SETTING);
  const { step: uvxStep, uvx } = await prepareUvx(dependencies, options);
  steps.push(uvxStep);
  if (uvx === undefined) return skipRest(steps, 'needs uvx');
  for (const prepare of [preparePython, preparePackages, prepareModel]) {
    if (options.signal.aborted) return skipRest(steps, 'interrupted');
    const done = await attempt(() => prepare(uvx, dependencies, options), steps);
    steps.push(done);
    // uvx may find a Python that uv did not. Without packages, no model can be tested.
    if (done.status === 'failed') return skipRest(steps, `needs ${STEP_TITLES[done.id]}`);
  }
  return steps;
}

async function attempt(prepare: () => Promise<SetupStep>, steps: readonly SetupStep[]): Promise<SetupStep> {
  try {
    return await prepare();
  } catch (error) {
    const id = remaining(steps)[0] ?? 'model';
    return step(id, 'failed', messageOf(error));
  }
}

function skipRest(steps: readonly SetupStep[], why: string): readonly SetupStep[] {
  return [...steps, ...remaining(steps).map((id) => step(id, 'skipped', why))];
}

function remaining(steps: readonly SetupStep[]): readonly StepId[] {
  const ids = Object.keys(STEP_TITLES) as StepId[];
  return ids.filter((id) => !steps.some((done) => done.id === id));
}
