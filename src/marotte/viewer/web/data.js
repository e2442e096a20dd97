// What the page carries: facts as JSON, arrays as gzip and the sound as FLAC, both in base64.

const TYPES = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array };

/** Read everything: the facts, with `arrays` by name and `sound` as a Blob or null. */
export async function load() {
  const facts = JSON.parse(text("facts"));
  const packed = new Blob([bytes("arrays")]).stream();
  const unpacked = packed.pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unpacked).arrayBuffer();
  const sound = text("sound") ? new Blob([bytes("sound")], { type: "audio/flac" }) : null;
  return { ...facts, arrays: split(buffer, facts.arrays), sound };
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
