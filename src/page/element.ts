type Child = Node | string;

interface Attributes {
  readonly class?: string;
  readonly id?: string;
  readonly [name: string]: string | undefined;
}

/** An element with text and child elements. Text is never parsed as markup, so process names are safe. */
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

/** An element of a drawing. */
export function svgElement(
  tag: 'svg' | 'polyline',
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Element[]
): SVGElement {
  const created = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

/** @throws Error if the page has no such element. */
export function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Updates the children of an element in place, so that focus, selection and open details survive an update. An element
 * with `data-key` stays the same wherever it moves.
 */
export function fill(id: string, ...children: readonly Child[]): void {
  adapt(find(id), element('div', {}, ...children));
}

function adapt(target: Element, fresh: Element): void {
  const wanted = [...fresh.childNodes];
  for (const [position, node] of wanted.entries()) {
    const old = counterpart(target, position, node);
    if (target.childNodes[position] !== old || old === undefined)
      target.insertBefore(old ?? node, target.childNodes[position] ?? null);
    if (old !== undefined) update(old, node);
  }
  for (const rest of [...target.childNodes].slice(wanted.length)) rest.remove();
}

function counterpart(target: Element, position: number, node: Node): Node | undefined {
  const key = keyOf(node);
  if (key !== null) return [...target.children].find((child) => keyOf(child) === key);
  const old = target.childNodes[position];
  return old === undefined || keyOf(old) !== null ? undefined : old;
}

function keyOf(node: Node): string | null {
  return node instanceof Element ? node.getAttribute('data-key') : null;
}

function update(old: Node, node: Node): void {
  if (old instanceof Element && node instanceof Element && old.tagName === node.tagName) {
    adaptAttributes(old, node);
    adapt(old, node);
  } else if (!old.isEqualNode(node)) old.parentNode?.replaceChild(node, old);
}

function adaptAttributes(old: Element, fresh: Element): void {
  for (const name of old.getAttributeNames()) {
    // The user decides whether details are open.
    if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const name of fresh.getAttributeNames()) {
    const value = fresh.getAttribute(name) ?? '';
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
