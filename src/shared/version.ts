/** The version of this build; `0.0.0` when run from source. */
export const VERSION = process.env.CLAUDE_MEM_VERSION ?? '0.0.0';
