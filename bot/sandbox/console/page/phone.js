// What a phone shows: one narrow column, and first of all a notification, which has a message's text and none of its blocks.
// docs.slack.dev/reference/methods/chat.postMessage: with blocks, the text is what notifications show.

import { h } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

const NATIVE = ["data_visualization", "data_table"];
const UNPUBLISHED = "How Slack's phone apps draw charts and data tables is not published.";

export const onPhone = () => document.body.dataset.seenOn === "phone";

/** The switch between a computer's and a phone's view; `changed` draws the conversation anew. */
export function phoneSwitch(changed) {
  const flip = () => {
    document.body.dataset.seenOn = onPhone() ? "computer" : "phone";
    node.setAttribute("aria-pressed", String(onPhone()));
    changed();
  };
  const node = h("button", { type: "button", class: "button phone-switch", "aria-pressed": "false", on: { click: flip } }, "As on a phone");
  return node;
}

/** What comes before a message on a phone; nothing elsewhere. An ephemeral message notifies nobody. */
export function firstOnPhone(message, reader) {
  if (!onPhone()) return [];
  const told = message.ephemeral || !message.text ? [] : [h("p", { class: "notification" }, h("small", {}, "Notification: "), mrkdwn(message.text, reader))];
  const native = (message.blocks ?? []).some(({ type }) => NATIVE.includes(type));
  return native ? [...told, h("p", { class: "notification" }, h("small", {}, UNPUBLISHED))] : told;
}
