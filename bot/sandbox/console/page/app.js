// Puts the page together: mounts the panels, redraws them on each new state, and moves between them by keyboard.

import { h, icon, spoken } from "./dom.js";
import { focusComposer, mountComposer, renderComposer } from "./composer.js";
import { mountHint } from "./hint.js";
import { conversationTitle, renderMessages } from "./messages.js";
import { showViews } from "./modal.js";
import { phoneSwitch } from "./phone.js";
import { anyUnread, mountSidebar, renderSidebar } from "./sidebar.js";
import { follow, HOME, store } from "./state.js";
import { liveWord, mountTenant, renderTenant } from "./tenant.js";
import { announceNotice } from "./toast.js";

const PANELS = [["sidebar", "people", "Workspace"], ["chat", "chat", "Chat"], ["tenant", "cloud", "Tenant"]];
const at = (id) => document.getElementById(id);
const parts = {};

function mount() {
  mountSidebar(at("sidebar"));
  mountComposer(at("composer"));
  mountTenant(at("tenant"), leaveTenant);
  mountHint(at("hint"));
  parts.title = h("div", { class: "chat-title" });
  parts.live = h("button", { type: "button", class: "live-chip", on: { click: () => showPanel("tenant") } });
  const phone = phoneSwitch(() => renderMessages(at("log"), at("jump")));
  at("chat-head").append(parts.title, phone, parts.live);
  parts.tabs = PANELS.map(([panel, picture, name]) =>
    h("button", { type: "button", data: { panel }, on: { click: () => showPanel(panel) } }, icon(picture), h("span", {}, name)));
  at("tabs").append(...parts.tabs);
  at("jump").addEventListener("click", () => { at("log").scrollTo({ top: at("log").scrollHeight }); focusComposer(); });
  stickToEnd(at("log"));
}

/** Whoever reads the newest message keeps seeing it when the log changes its height. */
function stickToEnd(log) {
  let atEnd = true;
  log.addEventListener("scroll", () => {
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (atEnd) at("jump").hidden = true;
  });
  new ResizeObserver(() => { if (atEnd && store.open !== HOME) log.scrollTop = log.scrollHeight; }).observe(log);
}

function showPanel(panel) {
  document.body.dataset.panel = panel;
  renderTabs();
  at(panel).focus({ preventScroll: true });
}

function leaveTenant() {
  showPanel("chat");
  focusComposer();
}

function renderTabs() {
  for (const tab of parts.tabs) {
    const { panel } = tab.dataset;
    tab.toggleAttribute("aria-current", false);
    if (panel === document.body.dataset.panel) tab.setAttribute("aria-current", "true");
    const waits = panel === "sidebar" && anyUnread();
    tab.classList.toggle("unread", waits);
    tab.querySelector(".spoken")?.remove();
    if (waits) tab.append(spoken(" has unread messages"));
  }
}

function renderHead() {
  parts.title.replaceChildren(...conversationTitle());
  const live = liveWord();
  parts.live.hidden = !live;
  if (!live || parts.live.dataset.word === live.word) return;
  parts.live.dataset.word = live.word;
  parts.live.className = `live-chip live-${live.look}`;
  parts.live.replaceChildren(icon(live.icon), live.word, spoken(": live value, show the tenant"));
}

function render() {
  renderSidebar();
  renderHead();
  renderMessages(at("log"), at("jump"));
  renderComposer();
  at("composer").hidden = store.open === HOME;
  renderTenant();
  renderTabs();
  announceNotice(store.state.notice);
  showViews(store.state.views ?? []);
  const channel = store.channel(store.open);
  const where = channel ? (channel.kind === "channel" ? "#" : "") + channel.name : "Sandbox";
  document.title = `${where} as ${store.me?.name ?? store.as} · Legacy TLS sandbox`;
  document.body.dataset.ready = "true";
}

const TYPED_IN = "input:not([type=radio], [type=checkbox]), textarea, select";

/** F6 walks the panels, Esc leaves the drawer, "/" starts a command from anywhere that is not a field. */
function shortcuts(event) {
  if (document.querySelector("dialog[open], [popover]:popover-open") || event.defaultPrevented) return;
  if (event.key === "Escape" && document.body.dataset.panel === "tenant") return leaveTenant();
  if (event.key === "F6") { event.preventDefault(); return walk(event.shiftKey ? -1 : 1); }
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "/" && bare && !event.target.closest(TYPED_IN)) { showPanel("chat"); focusComposer(); }
}

function walk(step) {
  const names = PANELS.map(([panel]) => panel);
  const from = names.findIndex((panel) => at(panel).contains(document.activeElement));
  const to = names[(Math.max(from, 0) + step + names.length) % names.length];
  showPanel(to);
  if (to === "chat") focusComposer();
}

mount();
store.subscribe(render);
document.addEventListener("keydown", shortcuts);
follow();
