// Builds and updates DOM nodes. Data only ever becomes text or an attribute here: nothing in this page parses HTML.

/** An element: `class`, `data` (dataset), `on` (listeners) and attributes; `false`, `null` and `undefined` leave an attribute out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const PATHS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  send: "M4 12 20 4l-5 16-3.5-6.5zM11.5 13.5 20 4",
  close: "M6 6l12 12M18 6 6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  chat: "M4 5h16v11H10l-4 4v-4H4z",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.6a3.5 3.5 0 0 1 0 6.3M18 14.5a6.5 6.5 0 0 1 3.5 5.5",
  cloud: "M7 18a4.5 4.5 0 0 1-.5-9A6 6 0 0 1 18 8.500a4.800 4.800 0 0 1-.5 9.500z",
  lock: "M8 11V8a4 4 0 0 1 8 0v3M6 11h12v9H6z",
  unlock: "M8 11V8a4 4 0 0 1 7.700-1.500M6 11h12v9H6z",
  unset: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM8 12h8",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.500 14.500a4.500 4.500 0 0 0 7 0M9 9.500h.01M15 9.500h.01",
  down: "M6 9l6 6 6-6",
};

/** A decorative line icon of the current colour. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Text for screen readers only. */
export const spoken = (text) => h("span", { class: "spoken" }, text);

/**
 * Make the children of `container` be `items` ({key, sig, build}), in order, rebuilding only those whose `sig` changed.
 * Focus inside a rebuilt child goes to its successor with the same `data-focus`, else to the child itself.
 */
export function reconcile(container, items) {
  const wanted = new Set(items.map(({ key }) => key));
  const old = new Map([...container.children].map((node) => [node.dataset.key, node]));
  for (const [key, node] of old) if (!wanted.has(key)) node.remove();
  let last = null;
  for (const { key, sig, build } of items) {
    let node = old.get(key);
    if (!node || node.reconciledSig !== sig) node = replace(node, build(), key, sig);
    const place = last ? last.nextElementSibling : container.firstElementChild;
    if (place !== node) container.insertBefore(node, place);
    last = node;
  }
}

function replace(old, node, key, sig) {
  node.dataset.key = key;
  node.reconciledSig = sig;
  if (!old) return node;
  const focused = document.activeElement;
  const held = old.contains(focused) ? focused.dataset.focus ?? "" : null;
  old.replaceWith(node);
  if (held !== null) (held && node.querySelector(`[data-focus="${CSS.escape(held)}"]`) || node).focus({ preventScroll: true });
  return node;
}

/** Let arrow keys walk `nodes`, one of which is in the tab order at a time. */
export function rove(container, selector) {
  const nodes = () => [...container.querySelectorAll(selector)];
  nodes().forEach((node, index) => { node.tabIndex = index ? -1 : 0; });
  container.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const all = nodes();
    const from = all.indexOf(document.activeElement);
    if (!step || from < 0) return;
    event.preventDefault();
    const next = all[(from + step + all.length) % all.length];
    all.forEach((node) => { node.tabIndex = node === next ? 0 : -1; });
    next.focus();
  });
}
