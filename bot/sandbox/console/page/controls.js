// What makes the sandbox misbehave or move on: faults at Exchange, the clock, the bot's own process.

import { h, reconcile } from "./dom.js";
import { arrange, store } from "./state.js";
import { clock, tersely, untilNext } from "./time.js";

const CMDLETS = ["Get-TransportConfig", "Set-TransportConfig"];
const STEPS = [["+1 hour", 3_600], ["+1 day", 86_400], ["+7 days", 604_800], ["+30 days", 2_592_000]];
const HOURS = { tz: "Europe/Berlin", opening: "09:00", note: "Reminders come on workdays, 09:00 to 17:00 in Berlin." };  // the bot's
const parts = {};

export function mountFaults(card) {
  parts.fault = h("select", { class: "control", id: "fault-name" });
  parts.cmdlet = h("select", { class: "control", id: "fault-cmdlet" },
    h("option", { value: "" }, "any cmdlet"), CMDLETS.map((name) => h("option", { value: name }, name)));
  parts.count = h("input", { class: "control", id: "fault-count", type: "number", min: "1", max: "999", value: "1", inputmode: "numeric" });
  parts.armed = h("ul", { class: "armed", "aria-label": "Faults waiting", "aria-live": "polite" });
  parts.clear = h("button", { type: "button", class: "button", on: { click: () => arrange("clear_faults", {}) } }, "Clear all");
  return card("Make Exchange misbehave",
    h("div", { class: "fault-form" },
      labelled("What happens", parts.fault, "wide"), labelled("To", parts.cmdlet), labelled("Times", parts.count)),
    h("div", { class: "button-row" }, h("button", { type: "button", class: "button button-primary", on: { click: arm } }, "Arm"), parts.clear),
    parts.armed);
}

const labelled = (text, control, look = "") => h("div", { class: look }, h("label", { for: control.id }, text), control);

function arm() {
  const count = Math.max(1, Math.trunc(Number(parts.count.value)) || 1);
  return arrange("fault", { name: parts.fault.value, count, ...(parts.cmdlet.value ? { cmdlet: parts.cmdlet.value } : {}) });
}

export function renderFaults({ faults, faults_available: available }) {
  const sig = JSON.stringify(available);
  if (parts.fault.dataset.sig !== sig) {
    parts.fault.dataset.sig = sig;
    parts.fault.replaceChildren(...(available ?? []).map(({ name, label }) => h("option", { value: name }, label ?? name)));
  }
  parts.clear.disabled = !faults?.length;
  const label = (name) => available?.find((fault) => fault.name === name)?.label ?? name;
  reconcile(parts.armed, (faults ?? []).map((fault, index) => ({ key: String(index), sig: JSON.stringify(fault),
    build: () => h("li", {}, h("strong", {}, label(fault.name)), ` ×${fault.count}`, h("small", {}, fault.cmdlet ?? "any cmdlet")) })));
}

export function mountClock(card) {
  parts.now = h("p", { class: "clock" });
  parts.zone = h("p", { class: "card-note" });
  const steps = STEPS.map(([text, seconds]) =>
    h("button", { type: "button", class: "button", on: { click: () => arrange("clock", { advance_seconds: seconds }) } }, text));
  const morning = () => arrange("clock", { advance_seconds: untilNext(store.now, HOURS.tz, HOURS.opening) });
  steps.push(h("button", { type: "button", class: "button", title: HOURS.note, on: { click: morning } }, "Next workday, 09:00"));
  return card("Clock", parts.now, parts.zone, h("div", { class: "button-row", role: "group", "aria-label": "Move the clock" }, steps),
    h("p", { class: "card-note" }, HOURS.note));
}

export function renderClock() {
  const tz = store.me?.tz ?? "UTC";
  parts.now.textContent = `${clock(store.now, tz)} · ${tersely(store.now, tz)}`;
  parts.zone.textContent = `${store.me?.name ?? "their"}'s zone: ${tz}${tz === "UTC" ? "" : ` · ${clock(store.now, "UTC")} UTC`}`;
}

const ACTIONS = { running: ["restart", "stop"], starting: ["restart", "stop"], stopped: ["start"] };
const WORDS = { restart: "Restart", stop: "Stop", start: "Start" };

export function mountBot(card) {
  parts.botState = h("span", { class: "state", role: "status" });
  parts.botButtons = h("div", { class: "button-row" });
  return card("Bot", h("p", { class: "bot-line" }, "legacytls is ", parts.botState), parts.botButtons);
}

export function renderBot() {
  const state = store.state.bot?.state ?? "stopped";
  if (parts.botState.textContent !== state) parts.botState.textContent = state;
  parts.botState.className = `state state-${state}`;
  reconcile(parts.botButtons, (ACTIONS[state] ?? ["restart"]).map((action) => ({ key: action, sig: action,
    build: () => h("button", { type: "button", class: "button", on: { click: () => arrange("bot", { action }) } }, WORDS[action]) })));
}
