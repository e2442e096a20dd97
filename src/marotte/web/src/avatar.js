// The user's own avatar: a dropped GLB or VRM file in; the avatar on the stage, and a report of the
// shapes that it lacks, out.

import { readModel } from "./stage.js";

const KINDS = {
  arkit: ["controls", "ARKit"],
  visemes: ["visemes", "Oculus"],
  vowels: ["vowels", "VRM"],
};
const element = (id) => document.getElementById(id);

/** Whether a file is an avatar, by its name. */
export function isAvatar({ name }) {
  return /\.(glb|vrm|gltf)$/i.test(name);
}

export class Avatar {
  /**
   * @param stage where to show it, or null
   * @param controls the names of the controls that it follows
   * @param tell tells the user a sentence
   * @param refresh called when the face must be drawn again
   */
  constructor(stage, controls, tell, refresh) {
    Object.assign(this, { stage, controls, tell, refresh });
    element("avatar-off")?.addEventListener("click", () => this.off());
  }

  /** Show the avatar that came with the page, if there is one. */
  async showOwn({ arrays, avatar }) {
    if (arrays.avatar) await this.show(arrays.avatar.buffer, avatar);
  }

  /** Show the avatar of a file. */
  async open(file) {
    await this.show(await file.arrayBuffer(), file.name);
  }

  /** Show an avatar, or tell why it can't be used; the one before stays then. */
  async show(bytes, name) {
    if (!this.stage) return;
    try {
      const model = await readModel(bytes, this.controls);
      this.stage.wear(model);
      this.report(name, model.mapping);
    } catch (error) {
      this.tell(`${name} can't be used: ${error.message}.`);
    }
    this.refresh();
  }

  /** Show Marotte's head again. */
  off() {
    this.stage.wear(null);
    element("avatar").hidden = true;
    this.refresh();
  }

  report(name, { kind, needed, missing }) {
    const [what, whose] = KINDS[kind];
    const total = needed.length;
    element("avatar").hidden = false;
    element("avatar-facts").textContent =
      `${name}: ${total - missing.length} of ${total} ${what} of ${whose}` +
      (missing.length ? `, ${missing.length} missing` : "");
    element("avatar-missing").textContent = missing.length
      ? `Nothing moves for: ${missing.join(", ")}.`
      : "Every one moves a shape.";
  }
}
