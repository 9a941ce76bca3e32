// Slack's emoji names this page draws. An unknown name stays readable as :name:.

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", negative_squared_cross_mark: "❎",
  heavy_multiplication_x: "✖️", eyes: "👀", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎", ok_hand: "👌", clap: "👏", pray: "🙏",
  wave: "👋", raised_hands: "🙌", warning: "⚠️", rotating_light: "🚨", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑",
  information_source: "ℹ️", question: "❓", grey_question: "❔", checkered_flag: "🏁", scissors: "✂️", exclamation: "❗", lock: "🔒", unlock: "🔓",
  closed_lock_with_key: "🔐", key: "🔑", shield: "🛡️",
  label: "🏷️", bell: "🔔", no_bell: "🔕", mega: "📣", loudspeaker: "📢", hourglass: "⌛", hourglass_flowing_sand: "⏳", alarm_clock: "⏰", stopwatch: "⏱️",
  clock1: "🕐", calendar: "📅", date: "📅", spiral_calendar_pad: "🗓️", red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡",
  large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", large_orange_diamond: "🔶",
  small_blue_diamond: "🔹", mag: "🔍", mag_right: "🔎", printer: "🖨️", email: "📧", envelope: "✉️", incoming_envelope: "📨", memo: "📝",
  pencil: "📝", pencil2: "✏️", clipboard: "📋", scroll: "📜", page_facing_up: "📄", chart_with_upwards_trend: "📈", bar_chart: "📊", gear: "⚙️", wrench: "🔧",
  hammer_and_wrench: "🛠️", electric_plug: "🔌", satellite_antenna: "📡", cloud: "☁️", robot_face: "🤖", bust_in_silhouette: "👤",
  busts_in_silhouette: "👥", speech_balloon: "💬", thought_balloon: "💭", bulb: "💡", tada: "🎉", rocket: "🚀", fire: "🔥", heart: "❤️",
  sparkles: "✨", star: "⭐", arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", leftwards_arrow_with_hook: "↩️",
  repeat: "🔁", back: "🔙", arrows_counterclockwise: "🔄", wastebasket: "🗑️", link: "🔗", globe_with_meridians: "🌐", snail: "🐌", turtle: "🐢",
  zzz: "💤", smile: "😄", thinking_face: "🤔",
};
const TONES = { 2: "🏻", 3: "🏼", 4: "🏽", 5: "🏾", 6: "🏿" };

/** What is offered first on a message, then what "more" offers: among them look-alikes that must decide nothing. */
export const QUICK = ["white_check_mark", "x", "eyes", "thumbsup"];
export const MORE = [...QUICK, "thumbsdown", "heavy_check_mark", "ballot_box_with_check", "negative_squared_cross_mark", "heavy_multiplication_x",
  "+1::skin-tone-3", "pray", "tada", "thinking_face", "hourglass", "warning", "no_entry"];

/** The character of `name` (a skin tone is understood), or null. */
export function emoji(name) {
  const [base, tone] = name.split("::skin-tone-");
  return Object.hasOwn(EMOJI, base) ? EMOJI[base] + (TONES[tone] ?? "") : null;
}

/** The character, or the name between colons. */
export const emojiOrName = (name) => emoji(name) ?? `:${name}:`;

/** Plain text with its :names: drawn. */
export const withEmoji = (text) => String(text ?? "").replace(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/g, (all, name) => emoji(name) ?? all);
