// Elements from plain data. Text goes in as text nodes only: documents are not trusted, and markup in them stays text.

/** What an element holds: elements and text. `null` is left out. */
export type Child = Node | string | null;

/** An element with attributes and children. A `null` attribute is left out, an empty one is set without a value. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | null> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The element with this id. Throws where the page lacks it: page and script then belong to two versions. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no #${id}: reload it`);
}

/** Shows or hides an element for everyone, screen readers too. */
export function show(target: HTMLElement, visible: boolean): void {
  target.hidden = !visible;
}
