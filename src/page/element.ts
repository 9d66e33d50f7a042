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

/** @throws Error if the page has no such element. */
export function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Updates the children of an element in place, so that focus, selection and open details survive an update. */
export function fill(id: string, ...children: readonly Child[]): void {
  adapt(find(id), element('div', {}, ...children));
}

function adapt(target: Element, fresh: Element): void {
  const wanted = [...fresh.childNodes];
  for (const [position, node] of wanted.entries()) {
    const old = target.childNodes[position];
    if (old === undefined) target.append(node);
    else if (old instanceof Element && node instanceof Element && old.tagName === node.tagName) {
      adaptAttributes(old, node);
      adapt(old, node);
    } else if (!old.isEqualNode(node)) old.replaceWith(node);
  }
  for (const rest of [...target.childNodes].slice(wanted.length)) rest.remove();
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
