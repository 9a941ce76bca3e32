// The first-run card: what to try. Dismissed once, it stays away in this browser.

import { h, icon } from "./dom.js";
import { compose, focusComposer } from "./composer.js";

const KEY = "legacytls.hint";

export function mountHint(place) {
  if (localStorage.getItem(KEY)) return;
  const dismiss = () => {
    localStorage.setItem(KEY, "seen");
    node.remove();
    focusComposer();
  };
  const node = h("section", { class: "hint", "aria-label": "Try it" },
    h("p", {}, h("strong", {}, "Try it: "), "as Alice type ", h("code", {}, "/legacytls enable"), ", then become Bob and approve."),
    h("button", { type: "button", class: "button", on: { click: () => compose("/legacytls enable") } }, "Type it for me"),
    h("button", { type: "button", class: "button-bare", "aria-label": "Dismiss this hint", on: { click: dismiss } }, icon("close")));
  place.append(node);
}
