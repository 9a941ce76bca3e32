// Draws the blocks that the bot sends, in messages and in views; any other is shown as it came. Which fields mean what: docs.slack.dev/reference/block-kit/blocks.

import { chart, dataTable } from "./data.js";
import { h } from "./dom.js";
import { renderElement, textOf } from "./elements.js";
import { withEmoji } from "./emoji.js";
import { link, mrkdwn } from "./mrkdwn.js";
import { unknown } from "./unknown.js";

function section(block, surface, id) {
  const fields = block.fields?.map((field) => h("div", { class: "mrkdwn field" }, textOf(field, surface.reader)));
  return h("div", { class: "block-section" },
    h("div", { class: "block-section-body" },
      block.text ? h("div", { class: "mrkdwn" }, textOf(block.text, surface.reader)) : null,
      fields ? h("div", { class: "fields" }, fields) : null),
    block.accessory ? h("div", { class: "accessory" }, renderElement(block.accessory, surface, id)) : null);
}

function context(block, surface) {
  const part = (element) => {
    if (element.type === "mrkdwn" || element.type === "plain_text") return h("span", { class: "mrkdwn" }, textOf(element, surface.reader));
    return unknown("context element", element);
  };
  return h("div", { class: "block-context" }, (block.elements ?? []).map(part));
}

const BLOCKS = {
  header: (block) => h("h3", { class: "block-header" }, withEmoji(block.text?.text)),
  section,
  context,
  divider: () => h("hr"),
  actions: (block, surface, id) => h("div", { class: "block-actions" }, (block.elements ?? []).map((element) => renderElement(element, surface, id))),
  data_table: (block, surface) => dataTable(block, surface.reader),
  data_visualization: chart,
};

/** The id a block answers by; one without gets its place, as Slack would generate one. */
export const blockId = (block, index) => block?.block_id ?? `block-${index}`;

/** One block as a node; an unknown type becomes a labelled box. `surface` is {reader, press(payload)}. */
export function renderBlock(block, surface, index) {
  if (!Object.hasOwn(BLOCKS, block?.type)) return unknown("block", block);
  return BLOCKS[block.type](block, surface, blockId(block, index));
}

function file(shared) {
  const address = link(shared.url_private ?? "", shared.title ?? shared.name);
  if (!address || !Number.isInteger(shared.size)) return unknown("file", shared);
  return h("p", { class: "file" }, h("span", { class: "emoji", "aria-hidden": "true" }, "📄"), address,
    h("small", {}, `${shared.size.toLocaleString("en")} bytes`));
}

/** A message's blocks, or its text where it has none, and its files. */
export function renderContent(message, surface) {
  const files = (message.files ?? []).map(file);
  if (message.blocks?.length) return [...message.blocks.map((block, index) => renderBlock(block, surface, index)), ...files];
  return [message.text ? h("div", { class: "mrkdwn" }, mrkdwn(message.text, surface.reader)) : null, ...files];
}
