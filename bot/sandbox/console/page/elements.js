// Interactive Block Kit elements outside of inputs: what a person presses or picks is sent at once.

import { h, icon } from "./dom.js";
import { confirmed, nextId } from "./dialog.js";
import { emojiOrName, withEmoji } from "./emoji.js";
import { link, mrkdwn } from "./mrkdwn.js";
import { openMenu } from "./popover.js";
import { unknown } from "./unknown.js";

/** The text of a text object as nodes. */
export function textOf(object, reader) {
  if (!object) return "";
  if (object.type === "plain_text" && object.emoji === false) return decoded(object.text);
  return object.type === "mrkdwn" ? mrkdwn(object.text, reader) : withEmoji(object.text);
}

/** Slack decodes these three in every text object, and no other entity. */
const decoded = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** Every option, with those in groups in their place: [{label, options}] or [{options}]. */
const groupsOf = (element) => element.option_groups?.map(({ label, options }) => ({ label: label?.text, options }))
  ?? [{ options: element.options ?? [] }];

/** <option> nodes of a select. */
export function optionNodes(element, chosen = []) {
  return groupsOf(element).map(({ label, options }) => {
    const nodes = options.map((option) => h("option", { value: option.value, selected: chosen.includes(option.value) }, withEmoji(option.text?.text)));
    return label ? h("optgroup", { label }, nodes) : nodes;
  });
}

const valuesOf = (options) => (options ?? []).map((option) => option.value);
const nameOf = (element, fallback) => element.accessibility_label ?? element.placeholder?.text ?? element.action_id ?? fallback;

/** Send one press; the control is busy until the sandbox answered. `undo` puts it back when the person did not confirm. */
async function send(node, element, surface, payload, undo = () => {}) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (!(await confirmed(element.confirm, surface.reader))) return undo();
  node.setAttribute("aria-busy", "true");
  await surface.press({ action_id: element.action_id, ...payload });
  node.removeAttribute("aria-busy");
}

function button(element, surface) {
  const look = { primary: " button-primary", danger: " button-danger" }[element.style] ?? "";
  const press = () => {
    const opened = element.url && link(element.url, "");
    if (opened) opened.click();
    send(node, element, surface, { value: element.value ?? null });
  };
  const node = h("button", { type: "button", class: `button${look}`, "aria-label": element.accessibility_label, on: { click: press } },
    withEmoji(element.text?.text));
  return node;
}

function select(element, surface) {
  const initial = element.initial_option?.value ?? "";
  const change = () => send(node, element, surface, { selected: node.value }, () => { node.value = initial; });
  const node = h("select", { class: "control", "aria-label": nameOf(element, "Choose"), on: { change } },
    h("option", { value: "", disabled: true, hidden: true, selected: !initial }, withEmoji(element.placeholder?.text ?? "Choose an option")),
    optionNodes(element, [initial]));
  return node;
}

function picker(type, key) {
  return (element, surface) => {
    const initial = element[key] ?? "";
    const change = () => node.value && send(node, element, surface, { selected: node.value }, () => { node.value = initial; });
    const node = h("input", { class: "control", type, value: initial, "aria-label": nameOf(element, type), on: { change } });
    return node;
  };
}

function overflow(element, surface) {
  const open = () => openMenu(node, "More actions", (element.options ?? []).map((option) => ({
    label: withEmoji(option.text?.text),
    run: () => {
      if (option.url) link(option.url, "")?.click();
      send(node, element, surface, { selected: option.value, value: option.value });
    },
  })));
  const label = element.accessibility_label ?? "More actions";
  const node = h("button", { type: "button", class: "button button-icon", "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false",
    on: { click: open } }, icon("more"));
  return node;
}

/** Radio buttons or checkboxes as a group; `onChange` hears of each change. Shared with inputs. */
export function choices(type, element, chosen, reader, onChange = () => {}) {
  const name = nextId("choice");
  return h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group", "aria-label": nameOf(element, "Choices") },
    (element.options ?? []).map((option) => h("label", { class: "choice" },
      h("input", { type, name, value: option.value, checked: chosen.includes(option.value), on: { change: onChange } }),
      h("span", { class: "mrkdwn" }, textOf(option.text, reader),
        option.description ? h("small", {}, textOf(option.description, reader)) : null))));
}

export const checkedIn = (node) => [...node.querySelectorAll("input:checked")].map((input) => input.value);

function radios(element, surface) {
  const chosen = valuesOf(element.initial_option ? [element.initial_option] : []);
  const node = choices("radio", element, chosen, surface.reader, () => send(node, element, surface, { selected: checkedIn(node)[0] }));
  return node;
}

function checkboxes(element, surface) {
  const picked = () => send(node, element, surface, { selected: checkedIn(node) });
  const node = choices("checkbox", element, valuesOf(element.initial_options), surface.reader, picked);
  return node;
}

/** An image; its description where it is missing or lives elsewhere, for this page leaves the machine for nothing. */
export function image(element, look) {
  const alt = element.alt_text ?? "";
  const words = look === "image-small" ? emojiOrName("page_facing_up") : alt;
  const missing = h("span", { class: `${look} image-missing`, role: "img", "aria-label": alt, title: element.image_url }, words);
  const address = URL.parse?.(element.image_url ?? "", location.href);
  if (address?.protocol !== "data:" && address?.origin !== location.origin) return missing;
  const node = h("img", { class: look, src: address.href, alt, title: alt });
  node.addEventListener("error", () => node.replaceWith(missing));
  return node;
}

const ELEMENTS = {
  button, overflow, checkboxes, static_select: select, radio_buttons: radios, workflow_button: button, datepicker: picker("date", "initial_date"),
  timepicker: picker("time", "initial_time"), image: (element) => image(element, "image-accessory"),
};

/** `surface` is {reader, press(payload)}; `block_id` belongs to the block around the element. */
export function renderElement(element, surface, block_id) {
  if (!Object.hasOwn(ELEMENTS, element?.type)) return unknown("element", element);
  const node = ELEMENTS[element.type](element, { ...surface, press: (payload) => surface.press({ block_id, ...payload }) });
  if (element.action_id) node.dataset.focus = `${block_id}/${element.action_id}`;
  return node;
}
