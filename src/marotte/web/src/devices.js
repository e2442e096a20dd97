// The choice of a microphone. Browsers tell the names only after the first one was allowed.

/** Fills a select with the microphones, and shows its label if there are several. */
export class DevicePicker {
  constructor(select, onchange) {
    this.select = select;
    select.addEventListener("change", onchange);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.update());
  }

  /** The id of the chosen microphone; empty for the browser's default. */
  get chosen() {
    return this.select.value;
  }

  /** List the microphones that there are now; the choice stays if it is still there. */
  async update() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const found = all.filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId && label);
    const { chosen } = this;
    this.select.replaceChildren(...found.map(({ label, deviceId }) => new Option(label, deviceId)));
    if (found.some(({ deviceId }) => deviceId === chosen)) this.select.value = chosen;
    this.select.parentElement.hidden = found.length < 2;
  }
}
