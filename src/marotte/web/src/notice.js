// Notices for the user, shown over the face.

import { Stage } from "./stage.js";

let timer;

/** Show a sentence, for some milliseconds or for good. */
export function showNotice(text, forMs = Infinity) {
  const element = document.getElementById("notice");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(timer);
  if (forMs < Infinity) timer = setTimeout(() => (element.hidden = true), forMs);
}

/** Return a stage, or null if the browser can't draw one; the rest of the page works without. */
export function openStage(canvas, data) {
  try {
    return new Stage(canvas, data);
  } catch (error) {
    showNotice(`This browser can't draw the face: ${error.message}`);
    return null;
  }
}
