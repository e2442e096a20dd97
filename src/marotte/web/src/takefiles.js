// Takes as files: rows of controls and head angles in; a CSV or a GLB file (a Blob) out.

const TIMECODE_FPS = 60; // the unit of the timecode's frames, at any frame rate
const N_ANGLES = 3; // yaw, pitch and roll: the last columns of a row
const FLOAT = 5126; // componentType of glTF
const JSON_CHUNK = 0x4e4f534a;

/** @param columns the header, and for each column its index in a row, or -1 for 0 */
export function csvOf(values, { header, columns }, fps) {
  const width = Math.max(...columns) + 1;
  const lines = [header];
  for (let frame = 0; (frame + 1) * width <= values.length; frame++) {
    const row = values.subarray(frame * width, (frame + 1) * width);
    const cells = columns.map((column) => (column < 0 ? 0 : row[column]).toFixed(10));
    lines.push([timecode(frame, fps), columns.length, ...cells].join(",") + "\n");
  }
  return new Blob(lines, { type: "text/csv" });
}

/** Return a frame's time as `HH:MM:SS:FF.mmm`. */
export function timecode(frame, fps) {
  const thousandths = Math.round((frame * TIMECODE_FPS * 1000) / fps);
  const sixtieths = Math.floor(thousandths / 1000);
  const seconds = Math.floor(sixtieths / TIMECODE_FPS);
  const two = (number) => String(number).padStart(2, "0");
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const rest = String(thousandths % 1000).padStart(3, "0");
  return `${clock.map(two).join(":")}:${two(sixtieths % TIMECODE_FPS)}.${rest}`;
}

/**
 * @param hello the names of the `controls`, and `fps`
 * @param head a GLB file of a head with a mesh whose `extras.targetNames` are controls
 */
export function glbOf(values, { controls, fps }, head) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const jsonBytes = view.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(head.subarray(20, 20 + jsonBytes)));
  const binary = head.subarray(28 + jsonBytes);
  const width = controls.length + N_ANGLES;
  const nFrames = values.length / width;
  const columns = json.meshes[0].extras.targetNames.map((name) => controls.indexOf(name));
  const weights = new Float32Array(nFrames * columns.length);
  for (let i = 0, frame = 0; frame < nFrames; frame++) {
    for (const column of columns) weights[i++] = column < 0 ? 0 : values[frame * width + column];
  }
  const times = keyTimes(nFrames, fps);
  const last = { min: [times[0]], max: [times[nFrames - 1]] };
  json.animations = [
    {
      name: "speech",
      samplers: [{ input: add(json, times, last), output: add(json, weights), interpolation: "LINEAR" }],
      channels: [{ sampler: 0, target: { node: json.nodes.findIndex(({ mesh }) => mesh === 0), path: "weights" } }],
    },
  ];
  return fileOf(json, [binary, times, weights]);
}

/** Return times of which floor(time * fps) is the frame, also where 32 bits round them down. */
function keyTimes(n, fps) {
  const times = Float32Array.from({ length: n }, (_, frame) => frame / fps);
  const bits = new Uint32Array(times.buffer);
  times.forEach((time, frame) => time * fps < frame && (bits[frame] += 1));
  return times;
}

/** Add an array of float32 to the document; its bytes follow those that are there. */
function add(json, values, bounds = {}) {
  const [buffer] = json.buffers;
  json.bufferViews.push({ buffer: 0, byteOffset: buffer.byteLength, byteLength: values.byteLength });
  buffer.byteLength += values.byteLength;
  const accessor = { bufferView: json.bufferViews.length - 1, componentType: FLOAT, type: "SCALAR" };
  return json.accessors.push({ ...accessor, count: values.length, ...bounds }) - 1;
}

function fileOf(json, parts) {
  const text = new TextEncoder().encode(JSON.stringify(json));
  const spaces = new Uint8Array(-text.length & 3).fill(32);
  const jsonBytes = text.length + spaces.length;
  const { byteLength } = json.buffers[0];
  const magic = new TextEncoder().encode("glTF");
  const head = Uint32Array.of(2, 28 + jsonBytes + byteLength, jsonBytes, JSON_CHUNK);
  const start = Uint32Array.of(byteLength, 0x004e4942);
  return new Blob([magic, head, text, spaces, start, ...parts], { type: "model/gltf-binary" });
}
