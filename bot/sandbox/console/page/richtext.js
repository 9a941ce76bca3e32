// rich_text blocks and the cells of tables.

import { h } from "./dom.js";
import { channelPill, drawn, groupPill, link, userPill } from "./mrkdwn.js";
import { emoji, emojiOrName } from "./emoji.js";
import { slackDate } from "./time.js";
import { unknown } from "./unknown.js";

const INLINE = {
  text: (part) => part.text ?? "",
  link: (part) => link(part.url ?? "", part.text) ?? part.text ?? part.url ?? "",
  emoji: (part) => (emoji(part.name ?? "") ? drawn(part.name) : emojiOrName(part.name ?? "")),
  user: (part, reader) => userPill(part.user_id, reader),
  usergroup: (part, reader) => groupPill(part.usergroup_id, reader),
  channel: (part, reader) => channelPill(part.channel_id, reader),
  broadcast: (part) => h("span", { class: "pill pill-all" }, `@${part.range}`),
  date: (part, reader) => slackDate(part.timestamp, part.format ?? "{date_num}", reader) ?? part.fallback ?? "",
};
const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code" };

function inline(part, reader) {
  const draw = Object.hasOwn(INLINE, part.type) ? INLINE[part.type] : null;
  if (!draw) return unknown("rich text element", part);
  return Object.entries(STYLES).reduce((inner, [style, tag]) => (part.style?.[style] ? h(tag, {}, inner) : inner), draw(part, reader));
}

const inlines = (elements, reader) => (elements ?? []).map((part) => inline(part, reader));

const SECTIONS = {
  rich_text_section: (part, reader) => h("div", {}, inlines(part.elements, reader)),
  rich_text_quote: (part, reader) => h("blockquote", {}, inlines(part.elements, reader)),
  rich_text_preformatted: (part, reader) => h("pre", {}, inlines(part.elements, reader)),
  rich_text_list: (part, reader) => h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${Math.min(part.indent ?? 0, 4)}` },
    (part.elements ?? []).map((item) => h("li", {}, section(item, reader)))),
};

function section(part, reader) {
  return Object.hasOwn(SECTIONS, part.type) ? SECTIONS[part.type](part, reader) : unknown("rich text part", part);
}

export function richText(block, reader) {
  return h("div", { class: "mrkdwn rich" }, (block.elements ?? []).map((part) => section(part, reader)));
}

const CELLS = {
  raw_text: (cell) => withText(cell.text),
  raw_number: (cell) => withText(cell.text ?? cell.value),
  rich_text: richText,
};
const withText = (text) => String(text ?? "");

function cell(value, reader, tag, setting) {
  const draw = Object.hasOwn(CELLS, value?.type) ? CELLS[value.type] : null;
  const inside = draw ? draw(value, reader) : unknown("table cell", value);
  return h(tag, { class: `align-${setting?.align ?? "left"}`, scope: tag === "th" && "col" }, inside);
}

/** Slack draws the first row of a table as its head. */
export function table(block, reader) {
  const row = (cells, tag) => h("tr", {}, cells.map((value, index) => cell(value, reader, tag, block.column_settings?.[index])));
  const [head = [], ...body] = block.rows ?? [];
  return h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, body.map((cells) => row(cells, "td")))));
}
