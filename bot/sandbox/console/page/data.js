// Charts and data tables, as docs.slack.dev/reference/block-kit/blocks/data-visualization-block and data-table-block have them.

import { h } from "./dom.js";
import { table } from "./richtext.js";
import { unknown } from "./unknown.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 560, HEIGHT = 180, FOOT = 18, HEAD = 16;

function svg(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function bars(picture, series, categories) {
  const values = new Map((series.data ?? []).map(({ label, value }) => [label, value]));
  const most = Math.max(1, ...values.values());
  const step = WIDTH / categories.length;
  const every = Math.ceil(categories.length / 7);
  categories.forEach((category, index) => {
    const value = values.get(category) ?? 0;
    const height = (value / most) * (HEIGHT - FOOT - HEAD);
    const [x, y, middle] = [index * step + step * 0.15, HEIGHT - FOOT - height, (index + 0.5) * step];
    const bar = svg("rect", { x, y, width: step * 0.7, height, rx: 2, class: "chart-bar" });
    bar.append(svg("title", {}, `${category}: ${value}`));
    picture.append(bar, svg("text", { x: middle, y: y - 4, class: "chart-value" }, value));
    if (index % every === 0) picture.append(svg("text", { x: middle, y: HEIGHT - 4, class: "chart-label" }, category));
  });
}

/** A chart of bars; another kind is shown as it came. Its numbers are its name for screen readers. */
export function chart(block) {
  const { type, series = [], axis_config: axes = {} } = block.chart ?? {};
  const categories = axes.categories ?? [];
  if (type !== "bar" || series.length !== 1 || !categories.length) return unknown("chart", block);
  const told = (series[0].data ?? []).map(({ label, value }) => `${label}: ${value}`).join(", ");
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${block.title}. ${told}` });
  bars(picture, series[0], categories);
  return h("figure", { class: "chart" }, h("figcaption", {}, block.title), picture, h("small", {}, axes.x_label ?? ""));
}

/** A table in pages, as many rows at once as it says (Slack's default is five). */
export function dataTable(block, reader) {
  const [head = [], ...rows] = block.rows ?? [];
  const size = block.page_size ?? 5;
  const frame = h("div", {});
  const place = h("small", {});
  let first = 0;
  const turn = (step) => {
    first = Math.min(Math.max(0, first + step), Math.max(0, rows.length - 1));
    frame.replaceChildren(table([head, ...rows.slice(first, first + size)], reader));
    place.textContent = `${first + 1} to ${Math.min(first + size, rows.length)} of ${rows.length}`;
    back.disabled = first === 0;
    on.disabled = first + size >= rows.length;
  };
  const button = (text, step) => h("button", { type: "button", class: "button", on: { click: () => turn(step) } }, text);
  const [back, on] = [button("Previous rows", -size), button("Next rows", size)];
  turn(0);
  const pages = rows.length > size ? h("div", { class: "table-pages" }, back, on, place) : null;
  return h("figure", { class: "data-table" }, h("figcaption", {}, block.caption), frame, pages);
}
