// A small menu anchored to a button: arrow keys, Home, End, Enter, Esc; focus returns to the button.

import { h } from "./dom.js";

/** Open a menu of `items` ({label, title?, current?, run}); `shape` is "list" or "grid". */
export function openMenu(anchor, label, items, shape = "list") {
  const menu = h("div", { class: `menu menu-${shape}`, role: "menu", "aria-label": label, popover: "auto" },
    items.map((item) => entry(item, close)));
  function close() {
    if (menu.isConnected) menu.hidePopover();
  }
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const back = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    if (back && anchor.isConnected) anchor.focus({ preventScroll: true });
  });
  menu.addEventListener("keydown", (event) => walk(event, menu, shape));
  (anchor.closest("dialog, nav, main, aside") ?? document.body).append(menu);
  anchor.setAttribute("aria-expanded", "true");
  menu.showPopover();
  place(menu, anchor);
  (menu.querySelector("[aria-current]") ?? menu.firstElementChild)?.focus();
}

function entry({ label, title, current, run }, close) {
  const choose = () => { close(); run(); };
  return h("button", { type: "button", role: "menuitem", tabindex: "-1", title, "aria-label": title, "aria-current": current && "true",
    on: { click: choose } }, label);
}

const COLUMNS = 4;
const STEPS = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 };

function walk(event, menu, shape) {
  const all = [...menu.children];
  const from = all.indexOf(document.activeElement);
  const across = event.key === "ArrowLeft" || event.key === "ArrowRight";
  let to = { Home: 0, End: all.length - 1 }[event.key];
  const stride = shape === "grid" && !across ? COLUMNS : 1;
  if (STEPS[event.key] && (shape === "grid" || !across)) to = (from + STEPS[event.key] * stride + all.length) % all.length;
  if (event.key === "Tab") menu.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  all[to].focus();
}

function place(menu, anchor) {
  const around = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = around.bottom + 4 + height <= innerHeight;
  menu.style.top = `${Math.max(8, below ? around.bottom + 4 : around.top - height - 4)}px`;
  const left = around.left > innerWidth / 2 ? around.right - width : around.left;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
}
