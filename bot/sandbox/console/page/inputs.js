// Input blocks of a modal: each becomes a field that can be read, checked, marked wrong and given back what was typed.

import { h } from "./dom.js";
import { blockId } from "./blocks.js";
import { nextId } from "./dialog.js";
import { textOf } from "./elements.js";
import { withEmoji } from "./emoji.js";
import { unknown } from "./unknown.js";

const or = (value, fallback) => (value === undefined ? fallback : value) ?? "";
const optionValues = (options) => (options ?? []).map((option) => option.value);

function text(element, kept) {
  const looks = { class: "control", minlength: element.min_length, maxlength: element.max_length, placeholder: withEmoji(element.placeholder?.text) };
  const node = element.multiline ? h("textarea", { ...looks, rows: "4" }) : h("input", { ...looks, type: "text", autocomplete: "off" });
  node.value = or(kept, element.initial_value);
  return { node, control: node, read: () => node.value || null, limit: element.max_length };
}

function dated(element, kept) {
  const node = h("input", { type: "date", class: "control" });
  node.value = or(kept, element.initial_date);
  return { node, control: node, read: () => node.value || null };
}

function select(element, kept) {
  const chosen = or(kept, element.initial_option?.value);
  const node = h("select", { class: "control" },
    h("option", { value: "", selected: !chosen }, withEmoji(element.placeholder?.text ?? "Choose an option")),
    (element.options ?? []).map(({ value, text }) => h("option", { value, selected: value === chosen }, withEmoji(text?.text))));
  return { node, control: node, read: () => node.value || null };
}

function people(element, kept, reader) {
  const options = reader.people.map(({ id, name, real_name }) => ({ value: id, text: { text: real_name ?? name } }));
  const initial = element.initial_user && { value: element.initial_user };
  return select({ ...element, options, initial_option: initial }, kept);
}

/** Checkboxes as a group. */
function manyOf(element, kept, reader) {
  const chosen = kept ?? optionValues(element.initial_options);
  const node = h("div", { class: "choices", role: "group" }, (element.options ?? []).map(({ value, text, description }) =>
    h("label", { class: "choice" }, h("input", { type: "checkbox", value, checked: chosen.includes(value) }),
      h("span", { class: "mrkdwn" }, textOf(text, reader), description ? h("small", {}, textOf(description, reader)) : null))));
  return { node, group: true, read: () => [...node.querySelectorAll("input:checked")].map((input) => input.value) };
}

/** A file of the person's own, or one that the sandbox offers: what is read goes to the sandbox, which leaves it with its Slack. */
function file(element, kept, reader) {
  let chosen = kept ?? null;
  const shown = h("p", { class: "file-chosen", "aria-live": "polite" });
  const node = h("div", { class: "file-choice" });
  const show = () => { shown.textContent = chosen ? `Chosen: ${chosen[0].name}` : "No file chosen yet."; };
  const choose = (one) => { chosen = [one]; show(); node.dispatchEvent(new Event("change", { bubbles: true })); };
  const own = h("input", { class: "control", type: "file", "aria-label": "A file of your own" });
  own.addEventListener("change", async (event) => {
    event.stopPropagation();
    const [picked] = own.files;
    if (picked) choose({ name: picked.name, content: await base64(picked) });
  });
  const offers = reader.samples.map(({ id, label, name }) =>
    h("button", { type: "button", class: "button", on: { click: () => choose({ sample: id, name }) } }, label));
  node.append(own, h("div", { class: "button-row", role: "group", "aria-label": "Files of the sandbox" }, offers), shown);
  show();
  return { node, group: true, read: () => chosen };
}

const base64 = (picked) => new Promise((done, failed) => {
  const reading = new FileReader();
  reading.onload = () => done(reading.result.slice(reading.result.indexOf(",") + 1));
  reading.onerror = () => failed(reading.error);
  reading.readAsDataURL(picked);
});

const INPUTS = {
  plain_text_input: text, datepicker: dated, static_select: select, users_select: people, multi_static_select: manyOf, checkboxes: manyOf,
  file_input: file,
};

const isEmpty = (value) => value === null || value === "" || (Array.isArray(value) && !value.length);

/** What the browser itself finds wrong, in words; null when nothing. Slack's client checks the same before it submits. */
function complaint(block, input) {
  const { validity, validationMessage } = input.control ?? {};
  if (validity?.badInput) return validationMessage;
  if (!block.optional && isEmpty(input.read())) return "Please complete this required field.";
  return validity && !validity.valid && !isEmpty(input.read()) ? validationMessage : null;
}

function counter(input) {
  if (!input.limit) return null;
  const node = h("small", { class: "counter", "aria-hidden": "true" });
  const count = () => { node.textContent = `${input.limit - input.control.value.length} left`; };
  input.control.addEventListener("input", count);
  count();
  return node;
}

/**
 * A field for an input block: {id, node, read(), check(), mark(error), focus()}. `kept` is what was typed before, undefined for a first showing.
 */
export function renderInput(block, reader, kept, index) {
  const id = blockId(block, index);
  const element = block.element;
  if (!Object.hasOwn(INPUTS, element?.type)) return undrawn(id, block);
  const input = INPUTS[element.type](element, kept, reader);
  const ids = { label: nextId("label"), control: nextId("control"), hint: nextId("hint"), error: nextId("error") };
  const error = h("p", { class: "field-error", id: ids.error, role: "alert", hidden: true });
  const described = input.control ?? input.node;
  described.id = ids.control;
  described.setAttribute("aria-describedby", `${ids.hint} ${ids.error}`);
  if (input.group) input.node.setAttribute("aria-labelledby", ids.label);
  if (!block.optional && input.control) input.control.required = true;
  const mark = (message) => {
    error.textContent = message ?? "";
    error.hidden = !message;
    described.setAttribute("aria-invalid", message ? "true" : "false");
    node.classList.toggle("field-wrong", Boolean(message));
  };
  input.node.addEventListener("change", () => mark(null));
  const node = labelled(block, input.node, { ids, group: Boolean(input.group), count: counter(input), error });
  node.addEventListener("input", () => mark(null));
  const check = () => { const wrong = complaint(block, input); mark(wrong); return !wrong; };
  return { id, node, read: input.read, check, mark, focus: () => (input.group ? input.node.querySelector("input") : input.node)?.focus() };
}

/** A field for an input this page cannot draw: shown, sends nothing. */
function undrawn(id, block) {
  return { id, node: labelled(block, unknown("input", block.element)), read: () => undefined, check: () => true, mark: () => {}, focus: () => {} };
}

function labelled(block, content, { ids = {}, group = true, count = null, error = null } = {}) {
  const title = [withEmoji(block.label?.text), block.optional ? h("small", {}, " (optional)") : null];
  const label = h(group ? "div" : "label", { class: "field-label", id: ids.label, for: group ? null : ids.control }, title);
  const hint = h("p", { class: "field-hint", id: ids.hint }, withEmoji(block.hint?.text));
  return h("div", { class: "block-input" }, label, content, h("div", { class: "field-notes" }, hint, count), error);
}
