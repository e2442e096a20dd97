// Several channels in, the one that holds the voice out: what cancels or is silent is not mixed.

const SILENT = 1e-3; // of the loudest channel's power
const CANCELLED = 0.5; // of the power of channels that have nothing in common

/** Return the channels (indices) to mix, by the power of each and that of their sum. */
export function soundingChannels(powers, sumPower) {
  const loudest = powers.indexOf(Math.max(...powers));
  const total = powers.reduce((sum, power) => sum + power, 0);
  if (sumPower < CANCELLED * total) return [loudest];
  return powers.flatMap((power, i) => (power >= SILENT * powers[loudest] ? [i] : []));
}

/** Return the mean of the sounding channels (a Float32Array) of decoded sound (an AudioBuffer). */
export function voiceOf(decoded) {
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, i) => decoded.getChannelData(i));
  if (channels.length === 1) return channels[0];
  const powers = channels.map((samples) => samples.reduce((sum, sample) => sum + sample * sample, 0));
  let sumPower = 0;
  for (let i = 0; i < decoded.length; i++) {
    sumPower += channels.reduce((sum, samples) => sum + samples[i], 0) ** 2;
  }
  const used = soundingChannels(powers, sumPower).map((i) => channels[i]);
  return Float32Array.from({ length: decoded.length }, (_, i) => {
    let sum = 0;
    for (const samples of used) sum += samples[i];
    return sum / used.length;
  });
}
