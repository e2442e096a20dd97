// Sentences for the person at the page, shown over the face.

import { Stage } from "./stage.js";

let noticed;

/** Say something; for a while in ms, or for good. */
export function notice(text, forMs = Infinity) {
  const element = document.getElementById("notice");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(noticed);
  if (forMs < Infinity) noticed = setTimeout(() => (element.hidden = true), forMs);
}

/** The stage, or null where the browser can't draw one; all the rest of the page works without. */
export function openStage(canvas, data) {
  try {
    return new Stage(canvas, data);
  } catch (error) {
    notice(`The face can't be drawn here: ${error.message}`);
    return null;
  }
}
