// The left side: the workspace, who I am, where I can go.

import { h, icon, reconcile, spoken } from "./dom.js";
import { avatar, roleOf } from "./people.js";
import { act, become, HOME, openChannel, store, unread } from "./state.js";

const parts = {};

/** Build the frame once; `renderSidebar` fills it. */
export function mountSidebar(place) {
  parts.people = h("div", { class: "people", role: "radiogroup", "aria-labelledby": "who-title" });
  parts.channels = h("ul", { class: "places", "aria-labelledby": "channels-title" });
  parts.direct = h("ul", { class: "places", "aria-labelledby": "direct-title" });
  parts.apps = h("ul", { class: "places", "aria-labelledby": "apps-title" });
  place.append(
    h("header", { class: "workspace" }, h("span", { class: "workspace-mark", "aria-hidden": "true" }, icon("lock")),
      h("div", {}, h("strong", {}, "Contoso"), h("small", {}, "Simulated workspace"))),
    h("div", { class: "sidebar-scroll" },
      h("h2", { id: "who-title" }, "You are"), parts.people,
      h("h2", { id: "channels-title" }, "Channels"), parts.channels,
      h("h2", { id: "direct-title" }, "Direct messages"), parts.direct,
      h("h2", { id: "apps-title" }, "Apps"), parts.apps));
}

export function renderSidebar() {
  reconcile(parts.people, store.state.people.filter(({ is_bot }) => !is_bot).map(personItem));
  reconcile(parts.channels, store.state.channels.filter(({ kind }) => kind === "channel").map(placeItem));
  reconcile(parts.direct, store.state.channels.filter(({ kind }) => kind === "dm").map(placeItem));
  reconcile(parts.apps, [homeItem(), ...(store.state.shortcuts ?? []).map(shortcutItem)]);
  for (const input of parts.people.querySelectorAll("input")) input.checked = input.value === store.as;
}

function personItem(person) {
  const build = () => h("label", { class: "person", title: person.title || null },
    h("input", { type: "radio", name: "who", value: person.id, data: { focus: person.id }, on: { change: () => become(person.id) } }),
    avatar(person), h("span", { class: "person-name" }, h("strong", {}, person.real_name ?? person.name), h("small", {}, roleOf(person))));
  return { key: person.id, sig: JSON.stringify(person), build };
}

function placeItem(channel) {
  const here = channel.id === store.open;
  const waiting = here ? 0 : unread(channel.id);
  const other = store.person(channel.with);
  const looks = `place${waiting ? " unread" : ""}${channel.member === false ? " outside" : ""}`;
  const build = () => h("li", {}, h("button", { type: "button", class: looks, "aria-current": here && "page",
    data: { focus: channel.id, channel: channel.id }, on: { click: () => openChannel(channel.id) } },
  channel.kind === "dm" && other ? avatar(other, "small") : icon("hash"),
  h("span", { class: "place-name" }, channel.kind === "dm" ? other?.real_name ?? channel.name : channel.name),
  waiting ? h("span", { class: "dot" }, String(Math.min(waiting, 99)), spoken(" unread")) : null));
  return { key: channel.id, sig: JSON.stringify([channel, here, waiting, other?.real_name]), build };
}

function homeItem() {
  const here = store.open === HOME;
  const build = () => h("li", {}, h("button", { type: "button", class: "place", "aria-current": here && "page", data: { focus: HOME, channel: HOME },
    on: { click: () => openChannel(HOME) } }, icon("lock"), h("span", { class: "place-name" }, "legacytls Home")));
  return { key: HOME, sig: String(here), build };
}

function shortcutItem({ name, callback_id: id }) {
  const use = () => act("shortcut", { callback_id: id });
  const build = () => h("li", {}, h("button", { type: "button", class: "place", data: { focus: `shortcut ${id}` }, on: { click: use } },
    icon("more"), h("span", { class: "place-name" }, `Shortcut: ${name}`)));
  return { key: `shortcut ${id}`, sig: name, build };
}

/** Whether anything waits to be read, for the tab of a small screen. */
export const anyUnread = () => store.state.channels.some(({ id }) => id !== store.open && unread(id));
