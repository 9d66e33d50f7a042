import { ClaudeMemError } from '../../../shared/errors.ts';
import { blocking, fail, pass, type Check } from '../check.ts';

export const settingsCheck: Check = {
  id: 'settings',
  title: 'Settings',
  why: 'claude-mem does not start with an invalid value',
  needs: ['data-dir'],
  run: ({ settings }) => {
    try {
      const { workerHost, workerPort, chromaEnabled, chromaMode, excludedProjects, skippedTools } = settings();
      const chroma = chromaEnabled ? `Chroma ${chromaMode}` : 'Chroma off';
      const left = [
        ...(excludedProjects.length === 0 ? [] : [`excluded: ${excludedProjects.join(', ')}`]),
        ...(skippedTools.length === 0 ? [] : [`skipped tools: ${skippedTools.join(', ')}`]),
      ];
      return pass([`valid: worker on ${workerHost}:${workerPort}, ${chroma}`, ...left].join('; '));
    } catch (error) {
      if (!(error instanceof ClaudeMemError) || error.code !== 'settings') throw error;
      return blocking(fail(error.message, error.hint));
    }
  },
};
