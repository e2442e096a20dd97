// The data in the page: facts as JSON; arrays (gzip) and sound (FLAC) in base64.

const TYPES = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array };

/** Read all data: the facts, with `arrays` by name and `sound` as a Blob or null. */
export async function load() {
  const facts = JSON.parse(text("facts"));
  const packed = new Blob([bytes("arrays")]).stream();
  const unpacked = packed.pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unpacked).arrayBuffer();
  const sound = text("sound") ? await asWav(bytes("sound").buffer, facts.soundRate) : null;
  return { ...facts, arrays: split(buffer, facts.arrays), sound };
}

/**
 * Convert a FLAC file to a WAV file (a Blob); null if the browser can't decode it. Chromium stalls
 * when it seeks to near the end of FLAC without a seek table, which few programs write.
 */
async function asWav(flac, rate) {
  try {
    const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(flac);
    const n = decoded.numberOfChannels;
    const channels = Array.from({ length: n }, (_, i) => decoded.getChannelData(i));
    const sound = new Float32Array(n * decoded.length);
    channels.forEach((samples, at) => samples.forEach((sample, i) => (sound[n * i + at] = sample)));
    return wavOf(sound, rate, n);
  } catch {
    return null;
  }
}

/** Convert samples -1..1, those of all channels one after the other, to a 16-bit WAV file (a Blob). */
export function wavOf(sound, rate, channels = 1) {
  const samples = Int16Array.from(sound, (sample) =>
    Math.max(-32768, Math.min(32767, Math.round(sample * 32768))),
  );
  const characters = (text) => text.split("").map((letter) => letter.charCodeAt(0));
  const uint32 = (value) => [value, value >> 8, value >> 16, value >> 24];
  const header = Uint8Array.of(
    ...characters("RIFF"), ...uint32(36 + samples.byteLength), ...characters("WAVEfmt "), ...uint32(16),
    1, 0, channels, 0, ...uint32(rate), ...uint32(2 * channels * rate), 2 * channels, 0, 16, 0, // PCM, 16 bits
    ...characters("data"), ...uint32(samples.byteLength),
  );
  return new Blob([header, samples], { type: "audio/wav" });
}

/** Peaks 0..255 of a recording over time. */
export class Loudness {
  constructor(samples, rate) {
    Object.assign(this, { samples, rate });
    this.loudest = samples.reduce((most, sample) => Math.max(most, sample), Math.min(samples.length, 1));
  }

  /** Return the highest peak between two times. */
  peak(from, to) {
    const first = Math.floor(from * this.rate);
    const last = Math.max(first + 1, Math.floor(to * this.rate));
    return this.samples.subarray(first, last).reduce((most, sample) => Math.max(most, sample), 0);
  }
}

/** A control over time: linear between frames, constant before the first and after the last. */
export class Track {
  constructor(name, values, fps) {
    this.name = name;
    this.values = values;
    this.fps = fps;
  }

  /** Return the value at a time in seconds. */
  at(time) {
    const { values, fps } = this;
    const position = Math.min(Math.max(time * fps, 0), values.length - 1);
    const before = Math.floor(position);
    const after = Math.min(before + 1, values.length - 1);
    return values[before] + (values[after] - values[before]) * (position - before);
  }
}

/** Return the tracks of the controls that move, in the rig's ranges. */
export function readTracks({ arrays, controls, frames, fps }) {
  return controls.map(({ name, min, max }, row) => {
    const steps = arrays.controls.subarray(row * frames, (row + 1) * frames);
    return new Track(name, Float32Array.from(steps, (step) => min + (step / 65535) * (max - min)), fps);
  });
}

/** Return the tracks of yaw, pitch and roll in radians; a head that never turns has none of its own. */
export function readTurns({ arrays, turnStep, frames, fps }) {
  const steps = arrays.turns ?? new Int16Array(3);
  const n = arrays.turns ? frames : 1;
  return ["yaw", "pitch", "roll"].map((name, row) => {
    const values = Float32Array.from(steps.subarray(row * n, (row + 1) * n), (step) => step * turnStep);
    return new Track(name, values, fps);
  });
}

function text(id) {
  return document.getElementById(id).textContent.trim();
}

function bytes(id) {
  const binary = atob(text(id));
  const content = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) content[i] = binary.charCodeAt(i);
  return content;
}

/** Split a buffer into arrays, by a list of `{name, type, length}` in their order. */
function split(buffer, list) {
  const arrays = {};
  let start = 0;
  for (const { name, type, length } of list) {
    const end = start + length * TYPES[type].BYTES_PER_ELEMENT;
    arrays[name] = new TYPES[type](buffer.slice(start, end));
    start = end;
  }
  return arrays;
}
