// The page that needs no server: its module, student and engine are in the file (make_page.py).
/* global Face */

const element = (id) => document.getElementById(id);
const decoded = (id) =>
  Uint8Array.from(atob(element(id).textContent.trim()), (c) => c.charCodeAt(0)).buffer;
const source = element("engine").textContent + element("worklet").textContent;
// Opened from disk, a page may load no worklet from a blob.
const worklet = `data:text/javascript,${encodeURIComponent(source)}`;
const face = new Face(decoded("wasm"), decoded("student"), worklet);

const rows = face.names.map((name) => {
  const row = document.createElement("label");
  row.innerHTML = `${name} <meter min="0" max="1"></meter>`;
  row.hidden = true; // until it moves
  element("curves").append(row);
  return row;
});
let newest = new Float32Array(face.names.length);
let take = null;
let context = null;
let player = null;

const say = (text) => (element("status").textContent = text);
const value = (name) => newest[face.names.indexOf(name)] ?? 0;

face.onframe = (controls, time) => {
  newest = controls;
  take?.push([time, ...controls]);
  window.marotte.frames += 1;
};

async function follow(node, to) {
  const level = context.createAnalyser();
  node.connect(level);
  if (to) node.connect(to);
  await face.listen(node);
  const samples = new Float32Array(level.fftSize);
  face.measure = () => {
    level.getFloatTimeDomainData(samples);
    return Math.min(1, 3 * Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length));
  };
  element("record").disabled = false;
}

async function begin() {
  player?.stop();
  player = null;
  await context?.close();
  context = new AudioContext({ latencyHint: "interactive" });
}

element("speak").onclick = async () => {
  try {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    await begin();
    await follow(context.createMediaStreamSource(stream));
    say(`speaking with ${Math.round(1000 * face.delay)} ms of look-ahead`);
  } catch (error) {
    say(`the microphone can't be opened: ${error.message}`);
  }
};

element("record").onclick = () => {
  if (!take) {
    take = [];
    element("record").textContent = "Save";
    return;
  }
  const first = take[0]?.[0] ?? 0;
  const lines = take.map(([time, ...controls]) =>
    [(time - first).toFixed(4), ...controls.map((x) => x.toFixed(4))].join(","),
  );
  const text = `${["time", ...face.names].join(",")}\n${lines.join("\n")}\n`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "take.csv";
  link.click();
  take = null;
  element("record").textContent = "Record";
};

document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("over");
};
document.ondragleave = () => document.body.classList.remove("over");
document.ondrop = async (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (!file) return;
  try {
    await begin();
    player = new AudioBufferSourceNode(context, {
      buffer: await context.decodeAudioData(await file.arrayBuffer()),
    });
    const late = new DelayNode(context, { delayTime: face.delay, maxDelayTime: 1 }); // in step
    late.connect(context.destination);
    await follow(player, late);
    player.start();
    say(file.name);
  } catch (error) {
    say(`${file.name} can't be read: ${error.message}`);
  }
};

// A plain face from the main curves; a page of your own would move the morph targets of a head.
const canvas = document.querySelector("canvas");
const pen = canvas.getContext("2d");

function ellipse(x, y, width, height, colour) {
  pen.beginPath();
  pen.ellipse(x, y, Math.max(0, width), Math.max(0, height), 0, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}

function draw() {
  const jaw = value("jawOpen");
  const smile = (value("mouthSmileLeft") + value("mouthSmileRight")) / 2;
  const wide = (value("mouthStretchLeft") + value("mouthStretchRight")) / 2 + smile;
  const round = Math.max(value("mouthPucker"), value("mouthFunnel"));
  const open = Math.max(0, jaw - value("mouthClose"));
  const raised = (value("mouthUpperUpLeft") + value("mouthUpperUpRight")) / 2;
  const dropped = (value("mouthLowerDownLeft") + value("mouthLowerDownRight")) / 2;
  pen.clearRect(0, 0, 640, 640);
  ellipse(320, 320 + 20 * jaw, 215, 265 + 30 * jaw, "#e8b996");
  for (const x of [235, 405]) {
    ellipse(x, 255, 34, 22 * (1 - value("eyeBlinkLeft")), "#fff");
    ellipse(x, 255, 13, 13 * (1 - value("eyeBlinkLeft")), "#35302c");
  }
  const half = 85 * (1 + 0.35 * wide - 0.55 * round);
  const top = 440 - 12 - 10 * raised;
  const bottom = 440 + 12 + 130 * open + 12 * dropped;
  const corner = 440 + 45 * open - 22 * smile;
  const lips = (grow, colour) => {
    pen.beginPath();
    pen.moveTo(320 - half - grow, corner);
    pen.quadraticCurveTo(320, 2 * top - corner - 2 * grow, 320 + half + grow, corner);
    pen.quadraticCurveTo(320, 2 * bottom - corner + 2 * grow, 320 - half - grow, corner);
    pen.fillStyle = colour;
    pen.fill();
  };
  lips(6, "#b4584f");
  if (open + raised + dropped > 0.02) lips(-8, "#4a1d1c");
  rows.forEach((row, i) => {
    if (newest[i] > 0.02) row.hidden = false;
    if (!row.hidden) row.lastChild.value = newest[i];
  });
  element("level").value = face.measure?.() ?? 0;
  window.marotte.drawn += 1;
  requestAnimationFrame(draw);
}

window.marotte = { ready: true, frames: 0, drawn: 0, face };
draw();
