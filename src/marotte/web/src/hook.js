// `window.marotte` on the live page: what tests and scripts can ask it.

export function hook(viewer) {
  return {
    ready: true,
    /** "connecting", "connected" or "lost". */
    get state() {
      return document.getElementById("state").dataset.state;
    },
    /** The name of the sound's source; empty if there is none. */
    get source() {
      return viewer.source?.label ?? "";
    },
    /** The number of frames in the stream so far. */
    get frames() {
      return viewer.history?.newest ? Math.round(viewer.history.newest.time * viewer.facts.fps) + 1 : 0;
    },
    /** The number of frames in the stream that never came. */
    get missing() {
      return viewer.history?.missing ?? 0;
    },
    get stream() {
      return viewer.stream;
    },
    /** The number of samples in the stream so far, and their rate in Hz. */
    get samples() {
      return viewer.history?.nSamples ?? 0;
    },
    get rate() {
      return viewer.rate;
    },
    /** The number of pictures so far. */
    get drawn() {
      return viewer.stage?.drawn ?? 0;
    },
    /** The graphics card, or the program that draws instead of one. */
    get graphics() {
      return viewer.stage?.graphics ?? "";
    },
    /** The sound's level in dB. */
    get level() {
      return viewer.level.db;
    },
    get delay() {
      return { totalMs: viewer.delay.totalMs, parts: viewer.delay.means };
    },
    /** The time in the sound that the face shows, in seconds. */
    get time() {
      return viewer.pose.time ?? 0;
    },
    /** A control of the newest frame. */
    control: (name) => viewer.history?.newest?.controls[viewer.history.columns.get(name)] ?? 0,
    /** The lip gap of the newest frame in mm. */
    gap: () => viewer.history?.newest?.gap ?? 0,
    /** A control of the face as it is drawn. */
    influence: (name) => viewer.stage.influence(name),
    /** How the user's avatar follows the controls; null for Marotte's head. */
    get avatar() {
      const mapping = viewer.stage?.model?.mapping;
      return mapping ? { kind: mapping.kind, missing: mapping.missing } : null;
    },
  };
}
