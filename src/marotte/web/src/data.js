// What the page carries: facts as JSON; arrays as gzip and the sound as FLAC, both in base64.

const TYPES = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array };

/** Read everything: the facts, with `arrays` by name and `sound` as a Blob or null. */
export async function load() {
  const facts = JSON.parse(text("facts"));
  const packed = new Blob([bytes("arrays")]).stream();
  const unpacked = packed.pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unpacked).arrayBuffer();
  const sound = text("sound") ? await asWav(bytes("sound").buffer, facts.soundRate) : null;
  return { ...facts, arrays: split(buffer, facts.arrays), sound };
}

/**
 * A FLAC file as a WAV file (a Blob), or null where the browser can't decode it. In FLAC without a
 * table of places, which few programs write, Chromium stalls when it seeks to near the end.
 */
async function asWav(flac, rate) {
  try {
    const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(flac);
    return wavOf(decoded.getChannelData(0), rate);
  } catch {
    return null;
  }
}

/** Samples within -1..1 as a WAV file of 16 bits (a Blob). */
export function wavOf(sound, rate) {
  const samples = Int16Array.from(sound, (sample) =>
    Math.max(-32768, Math.min(32767, Math.round(sample * 32768))),
  );
  const words = (text) => text.split("").map((letter) => letter.charCodeAt(0));
  const number = (value) => [value, value >> 8, value >> 16, value >> 24]; // 32 bits
  const header = Uint8Array.of(
    ...words("RIFF"), ...number(36 + samples.byteLength), ...words("WAVEfmt "), ...number(16),
    1, 0, 1, 0, ...number(rate), ...number(2 * rate), 2, 0, 16, 0, // PCM, mono, 16 bits
    ...words("data"), ...number(samples.byteLength),
  );
  return new Blob([header, samples], { type: "audio/wav" });
}

/** The greatest of samples 0..255 between two times. */
export class Loudness {
  constructor(samples, rate) {
    Object.assign(this, { samples, rate });
    this.loudest = samples.reduce((most, sample) => Math.max(most, sample), Math.min(samples.length, 1));
  }

  peak(from, to) {
    const first = Math.floor(from * this.rate);
    const last = Math.max(first + 1, Math.floor(to * this.rate));
    return this.samples.subarray(first, last).reduce((most, sample) => Math.max(most, sample), 0);
  }
}

/** A control over time, linear between its frames and held at both ends. */
export class Track {
  constructor(name, values, fps) {
    this.name = name;
    this.values = values;
    this.fps = fps;
  }

  /** The value at a time in seconds. */
  at(time) {
    const { values, fps } = this;
    const place = Math.min(Math.max(time * fps, 0), values.length - 1);
    const before = Math.floor(place);
    const after = Math.min(before + 1, values.length - 1);
    return values[before] + (values[after] - values[before]) * (place - before);
  }
}

/** The tracks of the controls that move, as numbers in the rig's ranges. */
export function readTracks({ arrays, controls, frames, fps }) {
  return controls.map(({ name, min, max }, row) => {
    const steps = arrays.controls.subarray(row * frames, (row + 1) * frames);
    return new Track(name, Float32Array.from(steps, (step) => min + (step / 65535) * (max - min)), fps);
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

/** Cut a buffer into the arrays that a list of `{name, type, length}` says it holds, in order. */
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
