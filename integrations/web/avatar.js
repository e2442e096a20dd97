// The names of an avatar's shapes in; which of Marotte's controls, visemes or vowels move them out.

import { VISEMES, VOWELS, Visemes } from "./visemes.js";

const SHORTEST_WITH_PREFIX = 4; // shorter names are the ends of too many others
const LEAST = { arkit: 8, visemes: 5, vowels: 3 }; // shapes that an avatar of a kind has at least
const RPM = { ih: "I", oh: "O", ou: "U" }; // which Ready Player Me spells differently
const LETTERS = { aa: "a", ih: "i", ou: "u", ee: "e", oh: "o" };
const KANA = { aa: "あ", ih: "い", ou: "う", ee: "え", oh: "お" };
// What visemes and vowels do not move, so that an avatar that has it may use it beside them.
const APART = /^(eye|brow|nose|cheekSquint)/;
const BLINKS = ["blink%", "eyeclose%", "blink", "eyesclosed", "eyeclose"]; // % is left or right

/**
 * Return the shapes that a control moves. Case, prefixes and separators do not matter, and L and R are
 * Left and Right. A control without a side moves both sides if there are only those.
 */
export function find(control, shapes) {
  if (shapes.includes(control)) return [control];
  const plain = words(control).join("");
  const meaning = (name) => shapes.filter((shape) => means(shape, name));
  const found = meaning(plain);
  return found.length ? found : [...meaning(`${plain}left`), ...meaning(`${plain}right`)];
}

function means(shape, plain) {
  const parts = words(shape);
  const most = plain.length < SHORTEST_WITH_PREFIX ? 1 : parts.length;
  return parts.slice(0, most).some((_, first) => parts.slice(first).join("") === plain);
}

/** Split a name at what is neither a letter nor a digit, in lower case, and write the side out. */
function words(name) {
  const parts = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  if (parts.length) parts.push(withSide(parts.pop(), parts.length > 0));
  return parts.map((part) => part.toLowerCase());
}

function withSide(word, later) {
  const ends = word.length > 1 ? /[^\p{Lu}\P{L}][LR]$/u.test(word) : later && /^[LR]$/i.test(word);
  if (!ends) return word;
  return word.slice(0, -1) + (/L$/i.test(word) ? "Left" : "Right");
}

/**
 * How an avatar follows the controls: by their own names ("arkit"), by "visemes", or by VRM's "vowels".
 * `kind` is empty if nothing fits.
 */
export class Mapping {
  /**
   * @param controls the names of the controls, as `face.names` has them
   * @param shapes the names of the avatar's shapes
   */
  constructor(controls, shapes) {
    Object.assign(this, { controls, shapes });
    this.visemes = new Visemes(controls);
    this.index = new Map(shapes.map((shape, index) => [shape, index]));
    const arkit = new Map(controls.map((name) => [name, find(name, shapes)]));
    const visemes = new Map(VISEMES.map((name) => [name, visemeShapes(name, shapes)]));
    const vowels = new Map(VOWELS.map((name) => [name, vowelShapes(name, shapes)]));
    const has = (found) => [...found.values()].filter((each) => each.length).length;
    this.kind = "";
    if (arkit.get("jawOpen")?.length && has(arkit) >= Math.min(LEAST.arkit, controls.length)) this.kind = "arkit";
    else if (has(visemes) >= LEAST.visemes) this.kind = "visemes";
    else if (has(vowels) >= LEAST.vowels) this.kind = "vowels";
    else if (has(arkit)) this.kind = "arkit";
    this.found = { arkit, visemes, vowels }[this.kind] ?? new Map();
    this.beside = this.found === arkit ? new Map() : besides(arkit, shapes);
  }

  /** The names of this kind: a face at rest needs no shape. */
  get needed() {
    return [...this.found.keys()].filter((name) => name !== "sil");
  }

  /** Those that the avatar lacks. */
  get missing() {
    return this.needed.filter((name) => !this.found.get(name).length);
  }

  /** The names of the shapes that move. */
  get used() {
    return new Set([...this.found.values(), ...this.beside.values()].flat());
  }

  /** Return the weights of the shapes [n_shapes] for a frame's controls. */
  weights(values) {
    const weights = new Float32Array(this.shapes.length);
    const add = (found, weightOf) => {
      let at = 0;
      for (const [name, shapes] of found) {
        for (const shape of shapes) {
          const index = this.index.get(shape);
          weights[index] = Math.max(weights[index], weightOf(name, at));
        }
        at += 1;
      }
    };
    const control = (name) => values[this.controls.indexOf(name)];
    if (this.kind === "arkit") add(this.found, control);
    else if (this.kind) {
      const now = this.kind === "visemes" ? this.visemes.of(values) : this.visemes.vowels(values);
      add(this.found, (_, at) => now[at]);
      add(this.beside, control);
    }
    return weights;
  }
}

/** Return the shapes of controls that visemes do not move: eyes, brows, nose. */
function besides(arkit, shapes) {
  const found = new Map([...arkit].filter(([name, moved]) => APART.test(name) && moved.length));
  for (const side of ["Left", "Right"]) {
    const name = `eyeBlink${side}`;
    if (found.has(name) || !arkit.has(name)) continue;
    const others = BLINKS.map((other) => other.replace("%", side.toLowerCase()));
    const moved = others.map((other) => shapes.filter((shape) => means(shape, other)));
    const first = moved.find((each) => each.length);
    if (first) found.set(name, first);
  }
  return found;
}

function visemeShapes(name, shapes) {
  const spelled = [name, RPM[name]].filter(Boolean).map((each) => each.toLowerCase());
  const named = shapes.filter((shape) => {
    const [, word] = /(?:^|[^a-z])v(?:iseme)?[_ .-]?([a-z]+)$/i.exec(shape) ?? [];
    return word && spelled.includes(word.toLowerCase());
  });
  return named.length ? named : shapes.filter((shape) => shape.toLowerCase() === name.toLowerCase());
}

function vowelShapes(name, shapes) {
  const alone = [name, LETTERS[name], KANA[name]];
  const same = (shape) => alone.includes(shape.toLowerCase());
  const afterMouth = new RegExp(`(^|[^a-z])mth_${LETTERS[name]}$`, "i"); // Fcl_MTH_A
  const named = shapes.filter((shape) => same(shape));
  return named.length ? named : shapes.filter((shape) => afterMouth.test(shape));
}
