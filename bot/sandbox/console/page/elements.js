// Text objects and buttons. The bot puts no other element outside of inputs.

import { h } from "./dom.js";
import { confirmed } from "./dialog.js";
import { withEmoji } from "./emoji.js";
import { link, mrkdwn } from "./mrkdwn.js";
import { unknown } from "./unknown.js";

/** The text of a text object as nodes. */
export function textOf(object, reader) {
  if (!object) return "";
  if (object.type === "plain_text" && object.emoji === false) return decoded(object.text);
  return object.type === "mrkdwn" ? mrkdwn(object.text, reader) : withEmoji(object.text);
}

/** Slack decodes these three in every text object, and no other entity. */
const decoded = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** Send one press; the button is busy until the sandbox answered. */
async function send(node, element, surface) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (!(await confirmed(element.confirm, surface.reader))) return;
  node.setAttribute("aria-busy", "true");
  await surface.press({ action_id: element.action_id, value: element.value ?? null });
  node.removeAttribute("aria-busy");
}

function button(element, surface) {
  const look = { primary: " button-primary", danger: " button-danger" }[element.style] ?? "";
  const press = () => {
    const opened = element.url && link(element.url, "");
    if (opened) opened.click();
    send(node, element, surface);
  };
  const node = h("button", { type: "button", class: `button${look}`, "aria-label": element.accessibility_label, on: { click: press } },
    withEmoji(element.text?.text));
  return node;
}

/** `surface` is {reader, press(payload)}; `block_id` belongs to the block around the element. */
export function renderElement(element, surface, block_id) {
  if (element?.type !== "button") return unknown("element", element);
  const node = button(element, { ...surface, press: (payload) => surface.press({ block_id, ...payload }) });
  if (element.action_id) node.dataset.focus = `${block_id}/${element.action_id}`;
  return node;
}
