// Where a person types: messages and slash commands, with completion as a listbox.

import { h, icon } from "./dom.js";
import { avatar, roleOf } from "./people.js";
import { openMenu } from "./popover.js";
import { act, become, store } from "./state.js";

const parts = {};
const past = [];
let options = [];
let active = -1;
let shownFor = null;

export function mountComposer(place) {
  parts.list = h("ul", { id: "commands", class: "commands", role: "listbox", "aria-label": "Slash commands", hidden: true });
  const blur = () => setTimeout(hide, 120);
  parts.text = h("textarea", { id: "composer-text", rows: "1", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
    "aria-controls": "commands", "aria-label": "Message", autocomplete: "off", spellcheck: "false", on: { input: typed, keydown, blur } });
  parts.who = h("button", { type: "button", class: "who", "aria-haspopup": "menu", "aria-expanded": "false", on: { click: pickPerson } });
  parts.send = h("button", { type: "button", class: "send", "aria-label": "Send", on: { click: send } }, icon("send"));
  const keys = [["/", " commands  "], ["Enter", " send  "], ["Shift+Enter", " new line  "], ["F6", " next panel"]];
  place.append(h("div", { class: "composer" }, parts.list,
    h("div", { class: "composer-box" }, parts.who, parts.text, parts.send),
    h("p", { class: "composer-keys" }, keys.map(([key, does]) => [h("kbd", {}, key), does]))));
  new IntersectionObserver(grow).observe(parts.text); // behind another tab it has no height to be measured
}

export function renderComposer() {
  const channel = store.channel(store.open);
  const allowed = Boolean(channel) && channel.member !== false;
  const key = `${store.as} ${store.open}`;
  parts.text.disabled = !allowed;
  parts.send.disabled = !allowed;
  parts.text.placeholder = allowed ? `Message ${channel.kind === "dm" ? "" : "#"}${channel.name}` : "Not a member of this channel";
  if (key !== shownFor) switchDraft(key);
  if (parts.who.dataset.id === store.as) return;
  parts.who.dataset.id = store.as;
  parts.who.replaceChildren(avatar(store.me, "small"), h("span", {}, store.me.name), icon("down"));
  parts.who.setAttribute("aria-label", `You are ${store.me.name}, ${roleOf(store.me)}. Be someone else`);
}

/** Each person has a draft in each conversation. */
function switchDraft(key) {
  if (shownFor !== null) store.drafts.set(shownFor, parts.text.value);
  shownFor = key;
  parts.text.value = store.drafts.get(key) ?? "";
  hide();
  grow();
}

function pickPerson() {
  const words = (person) => h("span", {}, h("strong", {}, person.real_name ?? person.name), h("small", {}, roleOf(person)));
  openMenu(parts.who, "Be someone else", store.state.people.filter(({ is_bot }) => !is_bot).map((person) => ({
    label: h("span", { class: "menu-person" }, avatar(person, "small"), words(person)),
    current: person.id === store.as, run: () => become(person.id),
  })));
}

/** Put `text` into the box and go there. */
export function compose(text) {
  parts.text.value = text;
  parts.text.focus();
  typed();
}

export const focusComposer = () => parts.text.focus();

function typed() {
  grow();
  options = completions(parts.text.value);
  active = options.length ? 0 : -1;
  draw();
}

function grow() {
  parts.text.style.height = "auto";
  parts.text.style.height = `${Math.min(parts.text.scrollHeight, 160)}px`;
}

/** Whole lines that `text` may be the beginning of; one word after the slash also finds a subcommand by its first letters. */
function completions(text) {
  if (!text.startsWith("/") || text.includes("\n")) return [];
  const all = store.state.commands.flatMap(({ command, hint, subcommands }) => [
    { line: command, hint }, ...(subcommands ?? []).map((sub) => ({ line: `${command} ${sub.name ?? sub}`, hint: sub.hint }))]);
  const wanted = text.toLowerCase();
  const direct = all.filter(({ line }) => line.toLowerCase().startsWith(wanted));
  if (direct.length || wanted.length < 2 || wanted.includes(" ")) return direct;
  return all.filter(({ line }) => line.split(" ")[1]?.toLowerCase().startsWith(wanted.slice(1)));
}

function draw() {
  const open = options.length > 0;
  const choose = (index) => (event) => { event.preventDefault(); take(index); };
  parts.list.replaceChildren(...options.map(({ line, hint }, index) =>
    h("li", { id: `command-${index}`, role: "option", "aria-selected": String(index === active), on: { mousedown: choose(index) } },
      h("code", {}, line), h("span", {}, hint ?? ""))));
  parts.list.hidden = !open;
  parts.text.setAttribute("aria-expanded", String(open));
  if (open) parts.text.setAttribute("aria-activedescendant", `command-${active}`);
  else parts.text.removeAttribute("aria-activedescendant");
  parts.list.children[active]?.scrollIntoView({ block: "nearest" });
}

function hide() {
  options = [];
  active = -1;
  draw();
}

function take(index) {
  parts.text.value = options[index].line;
  hide();
  grow();
  parts.text.focus();
}

function keydown(event) {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const does = {
    move: options.length && step && (() => { active = (active + step + options.length) % options.length; draw(); }),
    leave: options.length && event.key === "Escape" && hide,
    take: options.length && event.key === "Tab" && !event.shiftKey && (() => take(active)),
    recall: event.key === "ArrowUp" && !parts.text.value && past.length && (() => compose(past.at(-1))),
    enter: event.key === "Enter" && !event.shiftKey && enter,
  };
  const doing = Object.values(does).find(Boolean);
  if (!doing) return;
  event.preventDefault();
  doing();
}

/** Enter takes the marked completion, unless that is what stands there already: then it sends. */
function enter() {
  if (active >= 0 && options[active].line !== parts.text.value.trim().toLowerCase()) return take(active);
  return send();
}

async function send() {
  const text = parts.text.value.trim();
  if (!text || parts.text.disabled) return;
  const path = text.startsWith("/") ? "command" : "say";
  parts.text.value = "";
  hide();
  grow();
  past.push(text);
  const key = shownFor;
  const result = await act(path, { channel: store.open, text });
  if (result.ok === false && key === shownFor && !parts.text.value) { parts.text.value = text; grow(); }
}
