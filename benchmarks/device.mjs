// The WebAssembly library in Node: node device.mjs ENGINE WASM MRT SOUND [ONNX ORT SAMPLES CHANNELS STEPS]
//
// Prints as JSON, in microseconds: `frame`, the time per frame of 16 kHz sound; `blocks`, mean and 99th
// percentile of blocks of 128 samples at 48 kHz, as an audio worklet gets them; with a streamed form
// and the folder of onnxruntime-web, `ort`, the time of one run. device.py calls it. Each is the shortest CPU time of
// several passes, because other programs use the machine too.
import fs from "node:fs";

const [engine, wasm, mrt, sound, onnx, ort, ...sizes] = process.argv.slice(2);
const { Engine } = await import(engine);
const bytes = (path) => new Uint8Array(fs.readFileSync(path)).buffer;
const speech = new Float32Array(bytes(sound));
const PASSES = 7;
const now = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const ignored = () => {};

/** Return the shortest time of each piece of samples [n] over some passes. */
function times(samples, rate, n) {
  const engine = new Engine(bytes(wasm), bytes(mrt), rate);
  const best = [];
  for (let pass = 0; pass < PASSES; pass++) {
    for (let i = 0; (i + 1) * n <= samples.length; i++) {
      const before = now();
      engine.push(samples.subarray(i * n, (i + 1) * n), ignored);
      best[i] = Math.min(best[i] ?? Infinity, now() - before);
    }
    engine.reset();
  }
  return best.slice(10).sort((a, b) => a - b);
}

const frames = times(speech, 16000, 1600); // six frames each
const held = Float32Array.from({ length: 3 * speech.length }, (_, i) => speech[Math.floor(i / 3)]);
const blocks = times(held, 48000, 128);
const result = {
  frame: frames[Math.floor(frames.length / 2)] / 6,
  blocks: [
    blocks.reduce((sum, x) => sum + x, 0) / blocks.length,
    blocks[Math.floor(0.99 * blocks.length)],
  ],
};

if (ort) {
  const { env, InferenceSession, Tensor } = await import(`${ort}/dist/ort.wasm.min.mjs`);
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(new Uint8Array(bytes(onnx)));
  const [n, channels, nSteps] = sizes.map(Number);
  const feed = {
    samples: new Tensor("float32", new Float32Array(n), [1, n]),
    steps: new Tensor("float32", new Float32Array(channels * nSteps), [1, channels, nSteps]),
  };
  result.ort = Infinity;
  for (let run = 0; run < 300; run++) {
    const before = now();
    await session.run(feed);
    result.ort = Math.min(result.ort, now() - before);
  }
}
console.log(JSON.stringify(result));
