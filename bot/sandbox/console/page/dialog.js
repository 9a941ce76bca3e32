// Dialogs: one that keeps focus inside and gives it back, and Block Kit's confirm dialog on top of it.

import { h } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { withEmoji } from "./emoji.js";

const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), [tabindex='0']";
let serial = 0;

/** Show `node` (a dialog element) modally; `onCancel` is called for Esc, and decides what happens. */
export function showDialog(node, onCancel) {
  const before = document.activeElement;
  node.addEventListener("cancel", (event) => { event.preventDefault(); onCancel(); });
  node.addEventListener("keydown", (event) => trap(event, node));
  node.addEventListener("close", () => {
    node.remove();
    const back = before?.isConnected && before !== document.body ? before : document.querySelector("#composer-text");
    back?.focus({ preventScroll: true });
  });
  document.body.append(node);
  node.showModal();
}

function trap(event, node) {
  if (event.key !== "Tab" || event.target.closest("dialog") !== node) return;
  const all = [...node.querySelectorAll(FOCUSABLE)].filter((item) => item.offsetParent !== null && item.tabIndex >= 0);
  const edge = event.shiftKey ? all[0] : all.at(-1);
  if (document.activeElement !== edge && node.contains(document.activeElement)) return;
  event.preventDefault();
  (event.shiftKey ? all.at(-1) : all[0])?.focus();
}

export const nextId = (prefix) => `${prefix}-${(serial += 1)}`;

/** Whether the person confirmed; true at once when nothing asks for it. `confirm` is Block Kit's confirmation object. */
export function confirmed(confirm, reader) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const title = nextId("confirm");
    const text = nextId("confirm");
    const answer = (yes) => { node.close(); resolve(yes); };
    const words = confirm.text?.type === "mrkdwn" ? mrkdwn(confirm.text.text, reader) : withEmoji(confirm.text?.text);
    const look = confirm.style === "danger" ? "button-danger" : "button-primary";
    const node = h("dialog", { class: "dialog dialog-small", role: "alertdialog", "aria-labelledby": title, "aria-describedby": text },
      h("h2", { id: title }, withEmoji(confirm.title?.text)),
      h("div", { class: "dialog-body mrkdwn", id: text }, words),
      h("footer", { class: "dialog-foot" },
        h("button", { type: "button", class: "button", on: { click: () => answer(false) } }, withEmoji(confirm.deny?.text ?? "Cancel")),
        h("button", { type: "button", class: `button ${look}`, autofocus: true, on: { click: () => answer(true) } },
          withEmoji(confirm.confirm?.text ?? "Yes"))));
    showDialog(node, () => answer(false));
  });
}
