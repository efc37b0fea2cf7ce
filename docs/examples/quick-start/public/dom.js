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
 * Makes the children of `parent` those of `items`, one element per `key`. An element stays the same through every
 * update, so that focus, selection and animations survive; it is drawn again when the `signature` of its item changes.
 */
export const reconcile = (parent, items, { key, signature, create }) => {
  const keys = new Set(items.map((item) => String(key(item))));
  for (const child of [...parent.children]) if (!keys.has(child.dataset.key)) child.remove();
  const elements = new Map([...parent.children].map((child) => [child.dataset.key, child]));

  items.forEach((item, index) => {
    const itemKey = String(key(item));
    const itemSignature = JSON.stringify(signature(item));
    const old = elements.get(itemKey);
    const element = old?.dataset.signature === itemSignature ? old : morph(old, create(item, old));
    element.dataset.key = itemKey;
    element.dataset.signature = itemSignature;
    const place = parent.children[index];
    if (place !== element) parent.insertBefore(element, place ?? null);
  });
};

/** Makes a node look like `model` and answers it; where there is none or it is of another kind, answers the model. */
const morph = (node, model) => {
  if (node?.nodeName !== model.nodeName) return model;
  if (node.nodeType === Node.TEXT_NODE) {
    node.data = model.data;
    return node;
  }
  for (const name of node.getAttributeNames()) if (!model.hasAttribute(name)) node.removeAttribute(name);
  for (const name of model.getAttributeNames()) node.setAttribute(name, model.getAttribute(name));
  const children = [...model.childNodes];
  children.forEach((child, index) => {
    const old = node.childNodes[index];
    const next = morph(old, child);
    if (old === undefined) node.append(next);
    else if (next !== old) old.replaceWith(next);
  });
  while (node.childNodes.length > children.length) node.lastChild.remove();
  return node;
};
