// Short sentences about what just happened, and the banner that says the sandbox is gone.

import { h, icon } from "./dom.js";

const SHOWN_FOR_MS = 8000;

/** Say `text` once; `tone` is "info" or "bad". It shows above an open dialog too. */
export function toast(text, tone = "info") {
  const region = document.querySelector("#toasts");
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (region.parentElement !== host) host.append(region);
  const node = h("div", { class: `toast toast-${tone}` }, h("span", {}, text),
    h("button", { type: "button", class: "button-bare", "aria-label": "Dismiss", on: { click: () => node.remove() } }, icon("close")));
  region.append(node);
  setTimeout(() => node.remove(), SHOWN_FOR_MS);
}

// A dialog that closes takes what it contains with it: bring the region home first.
document.addEventListener("close", (event) => {
  const region = event.target.querySelector?.("#toasts");
  if (region) document.body.append(region);
}, true);

export function announceLost() {
  show("lost", "The sandbox does not answer. Trying again…");
}

export function announceFound() {
  const banner = document.querySelector("#banner");
  if (banner.dataset.kind === "lost") banner.hidden = true;
}

/** The sandbox's own notice; null takes it away. */
export function announceNotice(text) {
  const banner = document.querySelector("#banner");
  if (text) show("notice", text);
  else if (banner.dataset.kind === "notice") banner.hidden = true;
}

function show(kind, text) {
  const banner = document.querySelector("#banner");
  banner.dataset.kind = kind;
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = false;
}
