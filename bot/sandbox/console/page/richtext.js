// Tables, and what stands in their cells: text, a number, or people.

import { h } from "./dom.js";
import { userPill } from "./mrkdwn.js";
import { unknown } from "./unknown.js";

const INLINE = {
  text: (part) => part.text ?? "",
  user: (part, reader) => userPill(part.user_id, reader),
};

function inline(part, reader) {
  const draw = Object.hasOwn(INLINE, part.type) ? INLINE[part.type] : null;
  return draw ? draw(part, reader) : unknown("rich text element", part);
}

function section(part, reader) {
  if (part.type !== "rich_text_section") return unknown("rich text part", part);
  return h("div", {}, (part.elements ?? []).map((each) => inline(each, reader)));
}

function richText(value, reader) {
  return h("div", { class: "mrkdwn" }, (value.elements ?? []).map((part) => section(part, reader)));
}

const CELLS = {
  raw_text: (cell) => withText(cell.text),
  raw_number: (cell) => withText(cell.text ?? cell.value),
  rich_text: richText,
};
const withText = (text) => String(text ?? "");

function cell(value, reader, tag) {
  const draw = Object.hasOwn(CELLS, value?.type) ? CELLS[value.type] : null;
  const inside = draw ? draw(value, reader) : unknown("table cell", value);
  return h(tag, { scope: tag === "th" && "col" }, inside);
}

/** Slack draws the first row of a table as its head. */
export function table(rows, reader) {
  const row = (cells, tag) => h("tr", {}, cells.map((value) => cell(value, reader, tag)));
  const [head = [], ...body] = rows;
  return h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, body.map((cells) => row(cells, "td")))));
}
