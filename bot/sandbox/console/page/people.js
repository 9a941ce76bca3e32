// How people look: initials on a colour of their own, a label for what they may do.

import { h } from "./dom.js";
import { store } from "./state.js";

// Each has at least 4.5:1 against white.
const COLOURS = 8;

/** Two initials of a name, "?" when there is none. */
export function initials(name) {
  const words = String(name ?? "").split(/[\s._-]+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : words[0]?.[1] ?? "")).toUpperCase();
}

/** By place in the cast, so that no two of the first eight look alike. */
const colour = (id) => Math.max(0, store.state.people.findIndex((person) => person.id === id)) % COLOURS;

/** A decorative square; the name always stands beside it. Drawn by the style sheet: as text it would be part of a button's label. */
export function avatar(person, size = "") {
  const looks = person.is_bot ? "avatar-bot" : `avatar-${colour(person.id)}`;
  const inside = person.is_bot ? "🔐" : initials(person.real_name ?? person.name);
  return h("span", { class: `avatar ${looks} ${size && `avatar-${size}`}`, "aria-hidden": "true", data: { inside } });
}

/** What this person is to the bot, in one or two words. */
export const roleOf = (person) => person.role || (person.is_guest ? "guest" : person.is_stranger ? "other workspace" : "member");
