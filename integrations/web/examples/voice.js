// Where the frames of the examples come from: ?server=ws://localhost:5252/socket is `marotte live -o
// websocket`; otherwise the microphone moves the face by ?student=../live.mrt, in the page itself.

import { Client } from "../client.js";
import * as marotte from "../marotte.js";

/**
 * Call `onframe(names, controls)` for each frame.
 * @param auto do not wait for a click, as in OBS, which lets pages sound and listen
 */
export async function follow(parameters, onframe, { auto = false } = {}) {
  const server = parameters.get("server");
  if (server) {
    const client = new Client(server, { frame: ({ controls }) => onframe(client.names, controls) });
    return;
  }
  const face = await marotte.open({ student: parameters.get("student") ?? "../live.mrt" });
  face.onframe = (controls) => onframe(face.names, controls);
  const speak = async () => face.listen(await navigator.mediaDevices.getUserMedia({ audio: true }));
  if (auto) return speak();
  const button = Object.assign(document.createElement("button"), { textContent: "Speak" });
  button.style.cssText = "position: fixed; inset: auto auto 1rem 1rem; font: inherit";
  button.addEventListener("click", () => speak().then(() => button.remove(), (error) => alert(error.message)));
  document.body.append(button);
}
