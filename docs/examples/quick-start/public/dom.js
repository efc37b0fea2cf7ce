/**
 * Creates an element. Functions become event listeners; `false`, `null` and `undefined` leave an attribute or a
 * child out; and text goes in as text nodes: what people write can never become markup.
 */
export const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
};

/** An icon from the sheet at the top of chat.html. */
export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
};

/**
 * Makes the children of `parent` those of `items`, one element per `key`. An element stays the same as long as the
 * `signature` of its item does, so that focus, selection and animations survive an update.
 */
export const reconcile = (parent, items, { key, signature, create }) => {
  const keys = new Set(items.map((item) => String(key(item))));
  for (const child of [...parent.children]) if (!keys.has(child.dataset.key)) child.remove();
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));

  items.forEach((item, index) => {
    const itemKey = String(key(item));
    const itemSignature = JSON.stringify(signature(item));
    let node = old.get(itemKey);
    if (node?.dataset.signature !== itemSignature) {
      const stale = node;
      node = create(item, stale === undefined);
      node.dataset.key = itemKey;
      node.dataset.signature = itemSignature;
      stale?.replaceWith(node);
    }
    const place = parent.children[index];
    if (place !== node) parent.insertBefore(node, place ?? null);
  });
};
