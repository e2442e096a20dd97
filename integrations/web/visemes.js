// ARKit's controls in; the weights of Oculus' 15 visemes, or of VRM's five vowels, out. The numbers and
// the sums are those of src/marotte/face/visemes.py, which says where they come from.

export const VISEMES = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"];
export const VOWELS = ["aa", "ih", "ou", "ee", "oh"];

// Jaw, mouthClose, lips pressed, pucker, funnel, lips stretched, lower lip under the teeth, tongue.
const SCALES = [0.06, 0.05, 0.15, 0.05, 0.08, 0.05, 0.1, 0.1];
const MOUTHS = [
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0.2, 0.19, 0.8, 0.02, 0, 0, 0.03, 0],
  [0.08, 0.01, 0, 0.02, 0, 0.02, 0.41, 0],
  [0.12, 0.05, 0, 0, 0.05, 0.04, 0.04, 0.33],
  [0.18, 0.07, 0, 0.03, 0.11, 0.05, 0.03, 0],
  [0.2, 0.08, 0, 0.03, 0.14, 0.04, 0.04, 0],
  [0.08, 0.11, 0, 0.06, 0.37, 0.02, 0, 0],
  [0.13, 0.03, 0, 0.02, 0.08, 0.1, 0.03, 0],
  [0.2, 0.07, 0, 0.03, 0.12, 0.05, 0.04, 0],
  [0.16, 0.12, 0, 0.05, 0.2, 0.02, 0.05, 0],
  [0.32, 0.07, 0, 0.02, 0.14, 0.02, 0.04, 0],
  [0.27, 0.04, 0, 0.02, 0.08, 0.13, 0.04, 0],
  [0.22, 0.04, 0, 0.02, 0.06, 0.15, 0.03, 0],
  [0.22, 0.19, 0, 0.07, 0.35, 0, 0.05, 0],
  [0.13, 0.11, 0, 0.15, 0.18, 0.01, 0.03, 0],
];
const PRESSED_FULLY = 0.2;
// The weights of the vowels for each viseme.
const OF_VISEMES = [
  [0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0],
  [0, 0, 0.15, 0, 0],
  [0.3, 0, 0, 0, 0],
  [0.25, 0.1, 0, 0, 0],
  [0.35, 0, 0, 0, 0],
  [0, 0, 0.6, 0, 0],
  [0, 0.6, 0, 0, 0],
  [0.2, 0.15, 0, 0, 0],
  [0, 0, 0.4, 0, 0.15],
  [1, 0, 0, 0, 0],
  [0, 0, 0, 1, 0],
  [0, 1, 0, 0, 0],
  [0, 0, 0, 0, 1],
  [0, 0, 1, 0, 0],
];

export class Visemes {
  /** @param names the names of the controls; those that are missing count as 0 */
  constructor(names) {
    this.columns = new Map(names.map((name, column) => [name, column]));
  }

  /** Return the weights [15] in the order of `VISEMES`; their sum is 1. */
  of(controls) {
    const features = this.features(controls);
    const distances = MOUTHS.map((mouth) =>
      mouth.reduce((sum, mean, i) => sum + ((features[i] - mean) / SCALES[i]) ** 2, 0),
    );
    const nearest = Math.min(...distances);
    const weights = distances.map((distance) => Math.exp(-0.5 * (distance - nearest)));
    const sum = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / sum);
  }

  /** Return the weights [5] of VRM's vowels, in the order of `VOWELS`. */
  vowels(controls) {
    const weights = this.of(controls);
    return VOWELS.map((_, vowel) => weights.reduce((sum, w, i) => sum + w * OF_VISEMES[i][vowel], 0));
  }

  features(controls) {
    const value = (...names) => {
      const columns = names.map((name) => this.columns.get(name)).filter((at) => at !== undefined);
      return columns.reduce((sum, column) => sum + controls[column], 0) / Math.max(1, columns.length);
    };
    const both = (name) => value(`${name}Left`, `${name}Right`);
    const pressed = Math.min(1, Math.max(0, both("mouthPress") / PRESSED_FULLY));
    const free = 1 - pressed; // lips closed for p, b and m show no other sound
    return [
      value("jawOpen"),
      value("mouthClose"),
      pressed,
      free * value("mouthPucker"),
      free * value("mouthFunnel"),
      free * both("mouthStretch"),
      free * value("mouthRollLower"),
      value("tongueOut"),
    ];
  }
}
