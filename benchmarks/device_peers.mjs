// wLipSync's audio processor in Node: node device_peers.mjs PACKAGE SOUND
//
// Prints the CPU time in microseconds of 1/60 s of sound at 48 kHz, in blocks of 128 samples as an
// audio worklet gets them. It is the least of several passes. The package has no profile; one of the
// usual size is made up, because the time does not depend on its numbers. device.py calls it.
import fs from "node:fs";

const [folder, sound] = process.argv.slice(2);
const PASSES = 7;
const RATE = 48000;
const DATA = 16; // calibrations per phoneme, 12 numbers each
const parameters = { blockSize: [512] };

let Processor;
globalThis.sampleRate = RATE;
globalThis.currentTime = 0;
globalThis.AudioWorkletProcessor = class {
  port = { postMessage() {} };
};
globalThis.registerProcessor = (_, type) => (Processor = type);
await import(`${folder}/dist/audio-processor.js`);

const mfccs = ["A", "I", "U", "E", "O", "-"].map((name, phoneme) => ({
  name,
  mfccCalibrationDataList: Array.from({ length: DATA }, (_, i) => ({
    array: Array.from({ length: 12 }, (_, j) => Math.sin(1 + phoneme + 3 * i + 7 * j)),
  })),
}));
const profile = {
  targetSampleRate: 16000, sampleCount: 1024, melFilterBankChannels: 30, compareMethod: 1, mfccNum: 12,
  mfccDataCount: DATA, useStandardization: false, mfccs,
}; // prettier-ignore
const wasmModule = await WebAssembly.compile(fs.readFileSync(`${folder}/dist/wlipsync.wasm`));
const processor = new Processor({ processorOptions: { wasmModule, profile } });
while (processor.inputBufferIndex < 0) await new Promise((resolve) => setTimeout(resolve, 1));

const speech = new Float32Array(new Uint8Array(fs.readFileSync(sound)).buffer);
const held = Float32Array.from({ length: 3 * speech.length }, (_, i) => speech[Math.floor(i / 3)]);
let best = Infinity;
for (let pass = 0; pass < PASSES; pass++) {
  const before = process.cpuUsage();
  for (let i = 0; i + 128 <= held.length; i += 128) processor.process([[held.subarray(i, i + 128)]], [], parameters);
  const { user, system } = process.cpuUsage(before);
  best = Math.min(best, (user + system) / ((60 * held.length) / RATE));
}
console.log(best);
