// Building the page. Text becomes text nodes and attributes are set by name, so that nothing from a capture is ever
// read as markup.

export type Child = Node | string | number | null;
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** An element; an attribute that is false is left out, one that is true is empty. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null) parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

export function button(label: string, attributes: Attributes, onClick: () => void): HTMLButtonElement {
  const element = el('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', onClick);
  return element;
}

/** Buttons of which one is chosen. */
export function choice(
  label: string,
  options: readonly { readonly id: string; readonly label: string }[],
  chosen: string,
  onChoose: (id: string) => void,
): HTMLElement {
  const group = el('div', { class: 'choice', role: 'group', 'aria-label': label });
  const buttons = options.map((option) =>
    button(option.label, { 'aria-pressed': String(option.id === chosen), 'data-id': option.id }, () => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other.dataset.id === option.id));
      onChoose(option.id);
    }),
  );
  append(group, buttons);
  return group;
}

let labels = 0;

/** A search field; `onSearch` gets its text in lower case, a moment after the last key. */
export function searchField(label: string, onSearch: (text: string) => void): HTMLElement {
  const id = `search-${++labels}`;
  const input = el('input', {
    type: 'search',
    id,
    placeholder: label,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  let timer = 0;
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => onSearch(input.value.trim().toLowerCase()), 120);
  });
  return el('div', { class: 'search' }, el('label', { for: id, class: 'unseen' }, label), input);
}

/** What is too wide scrolls by itself, by keyboard too. */
export function scrollable(label: string, content: Element): HTMLElement {
  return el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': label }, content);
}

/** A bar of a share from 0 to 1. */
export function bar(share: number, kind: string): HTMLElement {
  const inner = el('span', { class: `bar-in ${kind}` });
  inner.style.setProperty('width', `${Math.max(share * 100, share > 0 ? 1 : 0)}%`);
  return el('span', { class: 'bar', 'aria-hidden': 'true' }, inner);
}
