type Child = Node | string;

interface Attributes {
  readonly class?: string;
  readonly id?: string;
  readonly [name: string]: string | undefined;
}

/** An element with text and elements in it. Text stays text: what a process calls itself never becomes markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

/** @throws Error where the page has no such element. */
export function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Replaces what is in it, unless that is the same: a selection or a screen reader's place in it is kept. */
export function fill(id: string, ...children: readonly Child[]): void {
  const target = find(id);
  const fresh = element('div', {}, ...children);
  if (target.isEqualNode(Object.assign(target.cloneNode(false), {})) && children.length === 0) return;
  if (sameContent(target, fresh)) return;
  target.replaceChildren(...fresh.childNodes);
}

function sameContent(left: Element, right: Element): boolean {
  const [old, now] = [[...left.childNodes], [...right.childNodes]];
  return old.length === now.length && old.every((node, position) => node.isEqualNode(now[position] ?? null));
}
