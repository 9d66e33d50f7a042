/** Marks are for what a tree spawns. This command may have been started inside one, and must not pass for a part of it. */
export function dropInheritedMarks(): void {
  for (const mark of ['CLAUDE_MEM_TREE', 'CLAUDE_MEM_OWNER', 'CLAUDE_MEM_ROLE'])
    Reflect.deleteProperty(process.env, mark);
}
