// The texts of the live page: the connection, the sound's source, and the time.

import { clockText } from "./chart.js";

const STATES = { connected: "ready", lost: "disconnected, trying again" };
const element = (id) => document.getElementById(id);

/** Show the connection's state, "connected" or "lost", and why it was lost. */
export function showState(state, reason) {
  element("state").dataset.state = state;
  element("state").textContent = STATES[state] + (reason ? ` (${reason})` : "");
}

/**
 * @param source the page's own source, or null
 * @param remote where the frames come from if another program makes them
 */
export function showSource(source, remote) {
  const button = element("mic");
  document.body.classList.toggle("listening", Boolean(source));
  button.setAttribute("aria-pressed", String(Boolean(source)));
  button.setAttribute("aria-label", source ? `Stop: ${source.label}` : "Microphone");
  element("source").textContent = remote || source?.label || "microphone off";
  element("hint").hidden = Boolean(source || remote);
  const state = element("state");
  if (state.dataset.state === "connected") state.textContent = activity(source, remote);
}

function activity(source, remote) {
  if (remote) return "watching";
  if (!source) return STATES.connected;
  return source.seconds ? "playing" : "listening";
}

/** Show a time in seconds; for a file, its position and duration. */
export function showTime(time, source) {
  const position = source?.seconds && Math.min(Math.max(0, source.position()), source.seconds);
  const text = clockText(position ?? time, 1);
  element("time").value = source?.seconds ? `${text} of ${clockText(source.seconds, 1)}` : text;
}
