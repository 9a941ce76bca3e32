// What this page cannot draw is shown as it came, never dropped.

import { h } from "./dom.js";

/** A labelled box with the JSON of `data`; `kind` says what sort of thing it is ("block", "element"). */
export function unknown(kind, data) {
  const type = data?.type ?? "without a type";
  return h("figure", { class: "unknown" },
    h("figcaption", {}, h("span", {}, `This page does not draw this ${kind}: `), h("code", {}, type)),
    h("pre", { tabindex: "0", "aria-label": `JSON of the ${kind} ${type}` }, JSON.stringify(data, null, 2) ?? "nothing"));
}
