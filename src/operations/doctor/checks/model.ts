import { fail, pass, reasonAlone, skip, type Check } from '../check.ts';

export const modelCheck: Check = {
  id: 'model',
  title: 'The embedding model',
  why: 'without it Chroma hangs in a download of 80 MB, so it is not started and search goes by keyword',
  needs: ['settings'],
  run: ({ settings, place, chroma }) => {
    if (!settings().chromaEnabled) return skip('switched off by CLAUDE_MEM_CHROMA_ENABLED');
    const problem = chroma.modelProblem();
    return problem === undefined ? pass(chroma.modelFolder) : fail(reasonAlone(problem), place.commandLine('setup'));
  },
};
