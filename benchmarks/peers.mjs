// HeadAudio in Node: node peers.mjs PACKAGE, then sounds on standard input
//
// A sound is the number of its samples (uint32) and the samples at 16 kHz (float32). For each, one
// line of JSON: [time in s, score of the viseme PP, score of silence] for each of its frames. A
// score is the distance to the nearest other prototype less that to the nearest of the viseme.
import fs from "node:fs";

const folder = process.argv[2];
const { Processor } = await import(`${folder}/modules/processor.mjs`);
const { Training } = await import(`${folder}/modules/training.mjs`);
const PP = 5, SILENCE = 14;
const bytes = fs.readFileSync(`${folder}/dist/model-en-mixed.bin`);
globalThis.fetch = async () => new Response(bytes);
const { model } = await new Training({}).loadModel("model");

let input = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  input = Buffer.concat([input, chunk]);
  while (input.length >= 4 && input.length >= 4 + 4 * input.readUInt32LE(0)) {
    const end = 4 + 4 * input.readUInt32LE(0);
    answer(new Float32Array(new Uint8Array(input.subarray(4, end)).buffer));
    input = input.subarray(end);
  }
}

function answer(sound) {
  const frames = [[0, 0, 0]];
  const processor = new Processor(
    { sampleRate: 16000, parameterData: { vadMode: 0 }, processorOptions: {} },
    { port: { postMessage() {} } },
  );
  processor.classifier.import({ model, reset: true });
  const predict = processor.classifier.predict.bind(processor.classifier);
  processor.classifier.predict = (vector) => {
    const result = predict(vector);
    frames.push([processor.sampleCount / 16000, score(result.distances, PP), score(result.distances, SILENCE)]);
    return result;
  };
  for (let i = 0; i < sound.length; i += 128) processor.process(sound.subarray(i, i + 128));
  process.stdout.write(JSON.stringify(frames) + "\n");
}

function score(distances, viseme) {
  let own = Infinity, other = Infinity;
  distances.forEach((distance, i) => {
    if (model[i].viseme === viseme) own = Math.min(own, distance);
    else other = Math.min(other, distance);
  });
  return other - own;
}
