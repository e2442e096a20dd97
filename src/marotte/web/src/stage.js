// The face: the head's arrays in, a lit and turnable three.js scene out.

import {
  ACESFilmicToneMapping,
  BufferAttribute,
  BufferGeometry,
  DirectionalLight,
  Group,
  HemisphereLight,
  Mesh,
  MeshPhysicalMaterial,
  PerspectiveCamera,
  Scene,
  ShaderChunk,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const SURFACES = {
  skin: { roughness: 0.55 },
  eye: { roughness: 0.4, clearcoat: 1, clearcoatRoughness: 0.09 },
  teeth: { roughness: 0.3 },
  tongue: { roughness: 0.4 },
  brow: { roughness: 0.9 },
};
const LOOK_AT = new Vector3(0, 128, 0); // mm; the middle of the head
const FACE_MM = { width: 200, height: 258 }; // what must fit into the picture
const NECK = new Vector3(0, 70, -30); // where the head turns
const VIEW_FROM = new Vector3(0.16, 0.03, 1);

export class Stage {
  constructor(canvas, { arrays, head }) {
    this.canvas = canvas;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.toneMappingExposure = 0.98;
    this.scene = new Scene();
    this.mesh = buildMesh(arrays, head);
    this.neck = new Group();
    this.neck.position.copy(NECK);
    this.mesh.position.copy(NECK).negate();
    this.scene.add(this.neck.add(this.mesh), ...lights());
    this.camera = new PerspectiveCamera(24, 1, 50, 4000);
    this.camera.position.copy(VIEW_FROM).add(LOOK_AT);
    this.orbit = turning(this.camera, canvas);
    this.resize();
  }

  /** Let the camera follow the pointer; true when it moved. */
  turn() {
    return this.orbit.update();
  }

  /** Draw the face with its controls at these values, in the order of `head.targets`. */
  draw(values) {
    values.forEach((value, target) => (this.mesh.morphTargetInfluences[target] = value));
    this.renderer.render(this.scene, this.camera);
  }

  /** Turn the head by yaw, pitch (down) and roll in radians. */
  face([yaw, pitch, roll]) {
    this.neck.rotation.set(pitch, yaw, roll, "YXZ");
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
  geometry.setAttribute("color", new BufferAttribute(colours(arrays, head), 4));
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
  const materials = head.parts.map(({ name }) => surface(name));
  const mesh = new Mesh(geometry, materials);
  mesh.frustumCulled = false; // its bounds don't know the morphs
  return mesh;
}

const LIGHT = ShaderChunk.lights_physical_pars_fragment;
// Light goes some way round into skin, red light furthest.
const SKIN_LIGHT = LIGHT.replace(
  "reflectedLight.directDiffuse += irradiance *",
  `const vec3 way = vec3( 0.36, 0.2, 0.15 );
  float facing = dot( geometryNormal, directLight.direction );
  vec3 round = directLight.color * saturate( ( facing + way ) / ( 1.0 + way ) );
  reflectedLight.directDiffuse += round *`,
);
// Light from behind the head does not reach what is in the mouth.
const MOUTH_LIGHT = LIGHT.replace(
  "vec3 irradiance = dotNL *",
  "vec3 irradiance = dotNL * saturate( 2.0 * directLight.direction.z ) *",
);
const LIGHTS = { skin: SKIN_LIGHT, teeth: MOUTH_LIGHT, tongue: MOUTH_LIGHT };
// The colours' fourth number says how much light gets to a place.
const SHADE = `
  reflectedLight.directDiffuse *= vColor.a;
  reflectedLight.directSpecular *= vColor.a * vColor.a;
  reflectedLight.indirectDiffuse *= vColor.a;
  reflectedLight.indirectSpecular *= vColor.a * vColor.a;`;

/** What a part looks like, and how it takes light. */
function surface(part) {
  const material = new MeshPhysicalMaterial({ vertexColors: true, ...SURFACES[part] });
  const light = LIGHTS[part] ?? LIGHT;
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <lights_physical_pars_fragment>", light)
      .replace("#include <aomap_fragment>", SHADE);
  };
  material.customProgramCacheKey = () => light;
  return material;
}

function lights() {
  const sky = new HemisphereLight(0xfff4ee, 0x9a6c5c, 1.25);
  const key = new DirectionalLight(0xfff1e6, 2.7);
  key.position.set(420, 380, 330);
  const fill = new DirectionalLight(0xdfe6ff, 0.4);
  fill.position.set(-300, 20, 500);
  const rim = new DirectionalLight(0xd5e2ff, 1.6);
  rim.position.set(-300, 220, -420);
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

/**
 * Colours as lighting needs them: linear, and how much light reaches the place. The inside of the
 * mouth, which nothing else shades, is known by its colour: a red with hardly any green.
 */
function colours({ colours, triangles }, { parts }) {
  const shaded = new Float32Array((colours.length / 3) * 4);
  let start = 0;
  for (const { name, corners } of parts) {
    for (const vertex of triangles.subarray(start, start + corners)) {
      const [red, green, blue] = colours.subarray(3 * vertex, 3 * vertex + 3);
      let light = 1;
      if (name === "skin") light = 0.15 + 0.85 * smooth((green / red - 0.42) / 0.14);
      if (name === "teeth" || name === "tongue") light = 0.15 + 0.7 * smooth((red - 48) / 140);
      shaded.set([linear(red), linear(green), linear(blue), light], 4 * vertex);
    }
    start += corners;
  }
  return shaded;
}

/** A byte of sRGB as a share of light. */
function linear(byte) {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** From 0 to 1 without a corner. */
function smooth(share) {
  const x = Math.min(Math.max(share, 0), 1);
  return x * x * (3 - 2 * x);
}
