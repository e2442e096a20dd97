// The face: the head's arrays in, a lit and turnable three.js scene out.

import {
  ACESFilmicToneMapping,
  BufferAttribute,
  BufferGeometry,
  Color,
  DirectionalLight,
  HemisphereLight,
  Mesh,
  MeshPhysicalMaterial,
  PMREMGenerator,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";

const SURFACES = {
  skin: { roughness: 0.52, sheen: 0.35, sheenRoughness: 0.5, sheenColor: new Color(0xff8866) },
  eye: { roughness: 0.08, clearcoat: 1, clearcoatRoughness: 0.03 },
  teeth: { roughness: 0.25 },
  tongue: { roughness: 0.35 },
};
const LOOK_AT = new Vector3(0, 122, 0); // mm; a little above the mouth
const FACE_MM = { width: 215, height: 275 }; // what must fit into the picture

export class Stage {
  constructor(canvas, { arrays, head }) {
    this.canvas = canvas;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.scene = new Scene();
    this.mesh = buildMesh(arrays, head);
    this.scene.add(this.mesh, ...lights());
    const room = new PMREMGenerator(this.renderer);
    this.scene.environment = room.fromScene(new RoomEnvironment(), 0.04).texture;
    this.scene.environmentIntensity = 0.45;
    room.dispose();
    this.camera = new PerspectiveCamera(24, 1, 50, 4000);
    this.camera.position.set(130, 12, 900).add(LOOK_AT);
    this.orbit = turning(this.camera, canvas);
    this.resize();
  }

  /** Set how far each control has moved, in the order of `head.targets`. */
  pose(weights) {
    this.mesh.morphTargetInfluences?.forEach((_, target, all) => (all[target] = weights[target]));
  }

  draw() {
    this.orbit.update();
    this.renderer.render(this.scene, this.camera);
  }

  /** Fit the picture to the canvas, keeping the direction of view. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(width, height, false);
    const { camera } = this;
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    const half = Math.tan((camera.fov * Math.PI) / 360);
    const distance = Math.max(FACE_MM.height, FACE_MM.width / camera.aspect) / (2 * half) + 60;
    camera.position.sub(LOOK_AT).setLength(distance).add(LOOK_AT);
    this.orbit.minDistance = distance * 0.35;
    this.orbit.maxDistance = distance * 1.6;
  }
}

function buildMesh(arrays, head) {
  const index = arrays.triangles;
  const places = unplane(arrays.neutral, head.neutralStep);
  const normals = normalsOf(places, index);
  const geometry = new BufferGeometry();
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.setAttribute("position", new BufferAttribute(places, 3));
  geometry.setAttribute("normal", new BufferAttribute(normals, 3));
  geometry.setAttribute("color", new BufferAttribute(linearColours(arrays.colours), 3));
  geometry.morphTargetsRelative = true;
  if (head.targets.length) {
    const deltas = head.targets.map((_, target) => {
      const plane = arrays.deltas.subarray(target * places.length, (target + 1) * places.length);
      return unplane(plane, head.deltaSteps[target]);
    });
    geometry.morphAttributes.position = deltas.map((delta) => new BufferAttribute(delta, 3));
    geometry.morphAttributes.normal = deltas.map(
      (delta) => new BufferAttribute(turnsOf(places, delta, normals, index), 3),
    );
  }
  let start = 0;
  head.parts.forEach(({ corners }, part) => {
    geometry.addGroup(start, corners, part);
    start += corners;
  });
  const materials = head.parts.map(
    ({ name }) => new MeshPhysicalMaterial({ vertexColors: true, ...SURFACES[name] }),
  );
  const mesh = new Mesh(geometry, materials);
  mesh.frustumCulled = false; // its bounds don't know the morphs
  return mesh;
}

function lights() {
  const sky = new HemisphereLight(0xfff4ea, 0x54423c, 0.55);
  const key = new DirectionalLight(0xfff1e2, 2.1);
  key.position.set(260, 320, 480);
  const fill = new DirectionalLight(0xdfe9ff, 0.5);
  fill.position.set(-420, 60, 320);
  const rim = new DirectionalLight(0xbcd3ff, 1.6);
  rim.position.set(-260, 260, -420);
  return [sky, key, fill, rim];
}

function turning(camera, canvas) {
  const orbit = new OrbitControls(camera, canvas);
  orbit.target.copy(LOOK_AT);
  orbit.enablePan = false;
  orbit.enableDamping = true;
  orbit.dampingFactor = 0.12;
  orbit.minPolarAngle = Math.PI * 0.22;
  orbit.maxPolarAngle = Math.PI * 0.72;
  return orbit;
}

/** Steps of all x, then all y, then all z, as places [x, y, z, x, ...] in mm. */
function unplane(steps, size) {
  const n = steps.length / 3;
  const places = new Float32Array(steps.length);
  for (let i = 0; i < n; i++) {
    for (let axis = 0; axis < 3; axis++) places[3 * i + axis] = steps[axis * n + i] * size;
  }
  return places;
}

/** Unit normals, each the mean of its triangles' weighted by their areas. */
function normalsOf(places, index) {
  const geometry = new BufferGeometry();
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.setAttribute("position", new BufferAttribute(places, 3));
  geometry.computeVertexNormals();
  return geometry.attributes.normal.array;
}

/** What a control at 1 adds to the normals. */
function turnsOf(places, delta, normals, index) {
  const moved = normalsOf(places.map((place, i) => place + delta[i]), index);
  return moved.map((normal, i) => normal - normals[i]);
}

/** Colours in sRGB bytes as the linear numbers that lighting needs. */
function linearColours(bytes) {
  const linear = Float32Array.from({ length: 256 }, (_, byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return Float32Array.from(bytes, (byte) => linear[byte]);
}
