import { OFF_BY_SETTING } from '../../../core/health/chroma-off.ts';
import { fail, pass, reasonAlone, skip, type Check } from '../check.ts';

export const modelCheck: Check = {
  id: 'model',
  title: 'The embedding model',
  why: 'without it Chroma would hang in an 80 MB download, so Chroma is not started and search is by keyword only',
  needs: ['settings'],
  run: ({ settings, target, chroma }) => {
    if (!settings().chromaEnabled) return skip(OFF_BY_SETTING);
    const problem = chroma.modelProblem();
    return problem === undefined ? pass(chroma.modelFolder) : fail(reasonAlone(problem), target.commandLine('setup'));
  },
};
