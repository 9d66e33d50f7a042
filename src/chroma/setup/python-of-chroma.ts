import { CHROMA_MCP } from '../command.ts';
import type { Uvx } from '../uvx.ts';
import type { SetupDependencies } from './step.ts';

/** Command that runs the Python with Chroma's packages, which are cached by now. */
export function pythonOfChroma(uvx: Uvx, { settings, constraintsFile }: SetupDependencies): readonly string[] {
  const request = ['--python', settings.pythonVersion, '--constraints', constraintsFile, '--from', CHROMA_MCP];
  return [uvx.file, ...uvx.prefix, '--offline', ...request, 'python'];
}
