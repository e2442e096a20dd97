// An avatar of the user's: the bytes of a GLB or VRM file in; an object of three.js that follows the
// controls out.

import { Box3, Group, Matrix4, Quaternion, Euler, Vector3 } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { Mapping } from "marotte/avatar.js";

const MOST_BYTES = 200e6;
const UNREADABLE = [
  "KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression", "KHR_texture_basisu",
]; // prettier-ignore
const FACE_MM = 225; // the height of the face on the stage
const MOVES = 0.05; // of the furthest motion of a shape: vertices that move less are not of the face
const EYES = /blink|eye/i;
const VRM0_PRESETS = {
  a: "aa", i: "ih", u: "ou", e: "ee", o: "oh", blink: "blink", blink_l: "blinkLeft", blink_r: "blinkRight",
}; // prettier-ignore

/**
 * Read an avatar.
 * @param bytes the content of the file (an ArrayBuffer)
 * @param controls the names of the controls that it follows
 * @throws an error whose message ends "NAME can't be used: "
 */
export async function readModel(bytes, controls) {
  check(bytes);
  let gltf;
  try {
    gltf = await new GLTFLoader().parseAsync(bytes, "");
  } catch (error) {
    throw new Error(`it is damaged (${error.message}); export it again`);
  }
  if (!gltf.scene) throw new Error("it has no scene; export it with its meshes");
  const shapes = await bestShapes(gltf, controls);
  return new Model(gltf, shapes, controls, await headBone(gltf));
}

function check(bytes) {
  const view = new DataView(bytes);
  if (bytes.byteLength < 20 || view.getUint32(0, true) !== 0x46546c67) {
    throw new Error("it is not a GLB or VRM file; export it as binary glTF");
  }
  if (bytes.byteLength > MOST_BYTES) throw new Error("it is larger than 200 MB");
  const text = new TextDecoder().decode(new Uint8Array(bytes, 20, Math.min(view.getUint32(12, true), bytes.byteLength - 20)));
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("it is damaged or cut short; export it again");
  }
  const needed = (json.extensionsRequired ?? []).find((name) => UNREADABLE.includes(name));
  if (needed) throw new Error(`it needs ${needed}, which this page can't read; export it without compression`);
  if (json.buffers?.some(({ uri }) => uri)) throw new Error("it refers to other files; export it as one GLB file");
}

/** Return the shapes of the file that follow the controls best, as `{name: [{mesh, index, weight}]}`. */
async function bestShapes(gltf, controls) {
  const morphs = morphShapes(gltf.scene);
  const expressions = await vrmShapes(gltf);
  const ranks = ["", "vowels", "visemes", "arkit"];
  const rank = (shapes) => ranks.indexOf(new Mapping(controls, Object.keys(shapes)).kind);
  return rank(expressions) >= rank(morphs) && rank(expressions) ? expressions : morphs;
}

function morphShapes(scene) {
  const shapes = {};
  scene.traverse((mesh) => {
    for (const [name, index] of Object.entries(mesh.morphTargetDictionary ?? {})) {
      (shapes[name] ??= []).push({ mesh, index, weight: 1 });
    }
  });
  return shapes;
}

/** Return the expressions of a VRM avatar, of version 1 or 0, with the names of version 1. */
async function vrmShapes({ parser, scene }) {
  const { VRMC_vrm: vrm1, VRM: vrm0 } = parser.json.extensions ?? {};
  const shapes = {};
  const all = { ...vrm1?.expressions?.custom, ...vrm1?.expressions?.preset };
  for (const [name, { morphTargetBinds = [] }] of Object.entries(all)) {
    for (const { node, index, weight } of morphTargetBinds) {
      const object = await parser.getDependency("node", node);
      object.traverse((mesh) => mesh.morphTargetInfluences && (shapes[name] ??= []).push({ mesh, index, weight }));
    }
  }
  for (const { name, presetName, binds = [] } of vrm0?.blendShapeMaster?.blendShapeGroups ?? []) {
    for (const bind of binds) {
      scene.traverse((mesh) => {
        if (!mesh.morphTargetInfluences || parser.associations.get(mesh)?.meshes !== bind.mesh) return;
        const shape = VRM0_PRESETS[presetName] ?? name;
        (shapes[shape] ??= []).push({ mesh, index: bind.index, weight: bind.weight / 100 });
      });
    }
  }
  return shapes;
}

/** Return the bone of the head, or null. */
async function headBone({ parser, scene }) {
  const { VRMC_vrm: vrm1, VRM: vrm0 } = parser.json.extensions ?? {};
  const node =
    vrm1?.humanoid?.humanBones?.head?.node ??
    vrm0?.humanoid?.humanBones?.find(({ bone }) => bone === "head")?.node;
  if (node !== undefined) return parser.getDependency("node", node);
  let head = null;
  scene.traverse((object) => {
    if (object.isBone && /(^|[^a-z])head$/i.test(object.name)) head ??= object;
  });
  return head;
}

class Model {
  constructor(gltf, shapes, controls, bone) {
    Object.assign(this, { shapes: Object.values(shapes), bone });
    this.mapping = new Mapping(controls, Object.keys(shapes));
    if (!this.mapping.kind) {
      throw new Error("it has no shapes called as those of ARKit, VRM or Oculus, such as jawOpen, aa or viseme_aa");
    }
    this.moved = Object.entries(shapes).filter(([name]) => this.mapping.used.has(name));
    gltf.scene.traverse((object) => (object.frustumCulled = false)); // bounds ignore the shapes
    this.object = new Group();
    this.object.add(gltf.scene);
    if (gltf.parser.json.extensions?.VRM) gltf.scene.rotation.y = Math.PI; // version 0 looks backwards
    this.rest = bone?.quaternion.clone();
    this.object.updateMatrixWorld(true);
    this.fit();
  }

  /** Move the face to the origin, in mm. */
  fit() {
    const box = this.faceBox();
    const size = box.getSize(new Vector3());
    const centre = box.getCenter(new Vector3());
    const withEyes = this.moved.some(([name]) => EYES.test(name));
    const height = withEyes ? 1.15 * Math.max(size.y, 0.8 * size.x) : 1.9 * Math.max(size.x, size.y);
    if (!withEyes) centre.y += 0.2 * height; // the shapes move the mouth only
    const scale = FACE_MM / height;
    this.object.scale.setScalar(scale);
    this.object.position.copy(centre).multiplyScalar(-scale);
  }

  /** Return the box around all vertices that the shapes move. */
  faceBox() {
    const box = new Box3();
    for (const [, binds] of this.moved) {
      for (const { mesh, index } of binds) {
        const deltas = mesh.geometry.morphAttributes.position?.[index];
        if (!deltas) continue;
        const length = (i) => Math.hypot(deltas.getX(i), deltas.getY(i), deltas.getZ(i));
        let most = 0;
        for (let i = 0; i < deltas.count; i++) most = Math.max(most, length(i));
        for (let i = 0; i < deltas.count; i++) {
          if (!most || length(i) < MOVES * most) continue;
          const vertex = mesh.getVertexPosition(i, new Vector3());
          box.expandByPoint(vertex.applyMatrix4(mesh.matrixWorld));
        }
      }
    }
    if (box.isEmpty()) throw new Error("its shapes move nothing");
    return box;
  }

  /** Show the controls, in the order of their names. */
  pose(values) {
    const weights = this.mapping.weights(values);
    for (const binds of this.shapes) for (const { mesh, index } of binds) mesh.morphTargetInfluences[index] = 0;
    this.shapes.forEach((binds, shape) => {
      if (!weights[shape]) return;
      for (const { mesh, index, weight } of binds) {
        const sum = mesh.morphTargetInfluences[index] + weight * weights[shape];
        mesh.morphTargetInfluences[index] = Math.min(1, sum);
      }
    });
  }

  /** Turn the head's bone; false if there is none. */
  turnHead([yaw, pitch, roll]) {
    if (!this.bone) return false;
    const turn = new Quaternion().setFromEuler(new Euler(pitch, yaw, roll, "YXZ"));
    const parent = new Quaternion().setFromRotationMatrix(
      new Matrix4().extractRotation(this.bone.parent.matrixWorld),
    );
    this.bone.quaternion.copy(parent).invert().multiply(turn).multiply(parent).multiply(this.rest);
    return true;
  }

  /** The influence of a shape that a control moves, as it is drawn. */
  influence(control) {
    const [shape] = this.mapping.found.get(control) ?? this.mapping.beside.get(control) ?? [];
    const [{ mesh, index }] = this.shapes[this.mapping.index.get(shape)] ?? [{}];
    return mesh?.morphTargetInfluences[index] ?? 0;
  }

  dispose() {
    this.object.traverse(({ geometry, material }) => {
      geometry?.dispose();
      for (const each of [material ?? []].flat()) {
        for (const value of Object.values(each)) if (value?.isTexture) value.dispose();
        each.dispose();
      }
    });
  }
}
