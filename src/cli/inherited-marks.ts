/** Drops inherited marks: a command that a user starts inside a tree is no part of that tree. */
export function dropInheritedMarks(): void {
  for (const mark of ['CLAUDE_MEM_TREE', 'CLAUDE_MEM_OWNER', 'CLAUDE_MEM_ROLE'])
    Reflect.deleteProperty(process.env, mark);
}
