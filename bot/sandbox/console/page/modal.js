// The view on top of the person's stack as a dialog. What was typed survives every redrawing; only closing forgets it.

import { h, icon } from "./dom.js";
import { blockId, renderBlock } from "./blocks.js";
import { nextId, showDialog } from "./dialog.js";
import { withEmoji } from "./emoji.js";
import { renderInput } from "./inputs.js";
import { act, reader, store } from "./state.js";

let shown = null;
const closed = new Set();

/** Show the newest of `views` ([{id, view, errors}]) that the person has not just closed; close what is gone. */
export function showViews(views) {
  const top = views.filter(({ id }) => !closed.has(`${store.as} ${id}`)).at(-1);
  if (shown && shown.id !== top?.id) { shown.node.close(); shown = null; }
  if (!top) return;
  if (!shown) shown = open(top);
  update(shown, top);
}

function open({ id }) {
  const modal = { id, as: store.as, sig: null, errors: null, fields: [], node: h("dialog", { class: "dialog", "aria-modal": "true" }) };
  modal.node.addEventListener("keydown", (event) => shortcut(event, modal));
  showDialog(modal.node, () => dismiss(modal));
  return modal;
}

/** Ctrl+Enter submits from anywhere; a bare Enter in a field must not send a change request by accident. */
function shortcut(event, modal) {
  if (event.key !== "Enter" || event.isComposing || event.target.closest("dialog") !== modal.node) return;
  if (event.ctrlKey || event.metaKey) { event.preventDefault(); submit(modal); }
  else if (event.target.matches("input, select")) event.preventDefault();
}

function update(modal, { view, errors }) {
  const sig = JSON.stringify(view);
  if (sig !== modal.sig) draw(modal, view);
  modal.sig = sig;
  const wrong = JSON.stringify(errors ?? null);
  if (wrong !== modal.errors) markAll(modal, errors ?? {});
  modal.errors = wrong;
}

function draw(modal, view) {
  const kept = Object.fromEntries(modal.fields.map((field) => [field.id, field.read()]));
  const focused = modal.fields.find((field) => field.node.contains(document.activeElement))?.id;
  const title = nextId("title");
  const surface = { reader: reader(), press: (payload) => act("press", { view_id: modal.id, ...payload }) };
  modal.fields = [];
  modal.node.setAttribute("aria-labelledby", title);
  modal.note = h("p", { class: "dialog-note", role: "alert", hidden: true });
  modal.send = view.submit || view.blocks?.some(({ type }) => type === "input") ? submitButton(modal, view) : null;
  modal.node.replaceChildren(
    h("header", { class: "dialog-head" }, h("h2", { id: title }, withEmoji(view.title?.text)),
      h("button", { type: "button", class: "button-bare", "aria-label": "Close dialog", on: { click: () => dismiss(modal) } }, icon("close"))),
    h("div", { class: "dialog-body blocks" }, modal.note, (view.blocks ?? []).map((block, index) => drawBlock(modal, block, surface, kept, index))),
    h("footer", { class: "dialog-foot" }, h("span", { class: "dialog-keys" }, modal.send ? "Ctrl+Enter sends, Esc closes" : "Esc closes"),
      h("button", { type: "button", class: "button", on: { click: () => dismiss(modal) } }, withEmoji(view.close?.text ?? "Close")), modal.send));
  const target = modal.fields.find((field) => field.id === focused) ?? modal.fields[0];
  if (target) target.focus();
  else modal.node.querySelector(".dialog-foot button").focus();
}

function drawBlock(modal, block, surface, kept, index) {
  if (block.type !== "input") return renderBlock(block, surface, index);
  const field = renderInput(block, surface.reader, kept[blockId(block, index)], index);
  modal.fields.push(field);
  return field.node;
}

function submitButton(modal, view) {
  const text = withEmoji(view.submit?.text ?? "Submit");
  return h("button", { type: "button", class: "button button-primary", on: { click: () => submit(modal) } }, text);
}

/** Mark fields wrong by block id; an error for no field is told above them. The first wrong field gets the focus. */
function markAll(modal, errors) {
  for (const field of modal.fields) field.mark(errors[field.id] ?? null);
  const ids = new Set(modal.fields.map(({ id }) => id));
  const homeless = Object.entries(errors).filter(([id]) => !ids.has(id)).map(([, text]) => text);
  modal.note.textContent = homeless.join(" ");
  modal.note.hidden = !homeless.length;
  modal.fields.find(({ id }) => errors[id])?.focus();
}

async function submit(modal) {
  if (!modal.send || modal.send.disabled) return;
  const wrong = modal.fields.filter((field) => !field.check());
  if (wrong.length) return wrong[0].focus();
  const button = modal.send;
  const text = button.textContent;
  const typed = modal.fields.map((field) => [field.id, field.read()]);
  const values = Object.fromEntries(typed.filter(([, value]) => value !== null && value !== undefined));
  button.disabled = true;
  button.textContent = "Submitting…";
  modal.node.setAttribute("aria-busy", "true");
  const result = await act("submit", { view_id: modal.id, values });
  modal.node.removeAttribute("aria-busy");
  button.disabled = false;
  button.textContent = text;
  if (result.errors && shown === modal) markAll(modal, result.errors);
}

async function dismiss(modal) {
  const key = `${modal.as} ${modal.id}`;
  closed.add(key);
  if (shown === modal) shown = null;
  modal.node.close();
  const result = await act("close", { view_id: modal.id });
  if (!result.ok) closed.delete(key);
}
