// The stage: a three.js scene with the head, or an avatar of the user's. The user can turn it.

import {
  ACESFilmicToneMapping,
  BufferAttribute,
  BufferGeometry,
  DirectionalLight,
  DynamicDrawUsage,
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
import { Morphs } from "./morphs.js";
import { Resolution } from "./resolution.js";

export { readModel } from "./model.js";

const SURFACES = {
  skin: { roughness: 0.55 },
  eye: { roughness: 0.4, clearcoat: 1, clearcoatRoughness: 0.09 },
  teeth: { roughness: 0.3 },
  tongue: { roughness: 0.4 },
  brow: { roughness: 0.9 },
};
const LOOK_AT = new Vector3(0, 128, 0); // mm; the middle of the head
const FACE_MM = { width: 200, height: 258 }; // must fit into the picture
const NECK = new Vector3(0, 70, -30); // mm; the pivot of the head
const VIEW_FROM = new Vector3(0.16, 0.03, 1);

export class Stage {
  /** @param data `head.targets` names the controls; without `arrays.neutral` there is no head */
  constructor(canvas, { arrays, head }) {
    Object.assign(this, { canvas, targets: head.targets, model: null });
    this.drawn = 0;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.toneMappingExposure = 0.98;
    this.scene = new Scene();
    this.neck = new Group();
    this.neck.position.copy(NECK);
    this.scene.add(this.neck, ...lights());
    if (arrays.neutral) {
      [this.mesh, this.morphs] = buildMesh(arrays, head);
      this.mesh.position.copy(NECK).negate();
      this.neck.add(this.mesh);
    }
    this.camera = new PerspectiveCamera(24, 1, 50, 4000);
    this.camera.position.copy(VIEW_FROM).add(LOOK_AT);
    this.orbit = orbitControls(this.camera, canvas);
    this.resize();
  }

  /** Let the camera follow the pointer; true if it moved. */
  updateCamera() {
    return this.orbit.update();
  }

  /** Take the time since the picture before: slow devices get fewer pixels. */
  pace(passedMs) {
    if (this.resolution.add(passedMs)) this.renderer.setPixelRatio(this.resolution.ratio);
  }

  /** Draw the face with these values of its controls, in the order of `head.targets`. */
  draw(values) {
    if (this.model) this.model.pose(values);
    else if (this.mesh) this.pose(values);
    this.renderer.render(this.scene, this.camera);
    this.drawn += 1;
  }

  /** Move the head's vertices, if a value has changed. */
  pose(values) {
    if (this.posed && values.every((value, control) => value === this.posed[control])) return;
    this.posed = [...values];
    const { position, normal } = this.mesh.geometry.attributes;
    this.morphs.apply(this.posed, position.array, normal.array);
    position.needsUpdate = normal.needsUpdate = true;
  }

  /** The name of the graphics card, or of the program that draws instead of one. */
  get graphics() {
    const gl = this.renderer.getContext();
    const { UNMASKED_RENDERER_WEBGL } = gl.getExtension("WEBGL_debug_renderer_info") ?? {};
    return String(gl.getParameter(UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  }

  /** Turn the head by yaw, pitch (down) and roll in radians. */
  turnHead(angles) {
    const [yaw, pitch, roll] = this.model?.turnHead(angles) ? [0, 0, 0] : angles;
    this.neck.rotation.set(pitch, yaw, roll, "YXZ");
  }

  /** Show an avatar (of `readModel`) in place of the head; null shows the head again. */
  wear(model) {
    this.model?.object.removeFromParent();
    this.model?.dispose();
    this.model = model;
    if (this.mesh) this.mesh.visible = !model;
    if (!model) return;
    model.object.position.add(LOOK_AT).sub(NECK);
    this.neck.add(model.object);
  }

  /** A control of the face as it is drawn. */
  influence(control) {
    if (this.model) return this.model.influence(control);
    return this.posed?.[this.targets.indexOf(control)] ?? 0;
  }

  /** Fit the picture to the canvas; the direction of view stays. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    this.resolution = new Resolution(Math.min(devicePixelRatio, 2));
    this.renderer.setPixelRatio(this.resolution.ratio);
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

/** Return the head's mesh, and the shapes of its controls. */
function buildMesh(arrays, head) {
  const index = arrays.triangles;
  const positions = unplane(arrays.neutral, head.neutralStep);
  const normals = normalsOf(positions, index);
  const geometry = new BufferGeometry();
  const moving = (values) => new BufferAttribute(values.slice(), 3).setUsage(DynamicDrawUsage);
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.setAttribute("position", moving(positions));
  geometry.setAttribute("normal", moving(normals));
  geometry.setAttribute("color", new BufferAttribute(colours(arrays, head), 4));
  const deltas = head.targets.map((_, target) => {
    const plane = arrays.deltas.subarray(target * positions.length, (target + 1) * positions.length);
    const delta = unplane(plane, head.deltaSteps[target]);
    return { positions: delta, normals: normalDeltas(positions, delta, normals, index) };
  });
  let start = 0;
  head.parts.forEach(({ corners }, part) => {
    geometry.addGroup(start, corners, part);
    start += corners;
  });
  const materials = head.parts.map(({ name }) => makeMaterial(name));
  const mesh = new Mesh(geometry, materials);
  mesh.frustumCulled = false; // its bounds are those of the face at rest
  return [mesh, new Morphs(positions, normals, deltas)];
}

const LIGHT = ShaderChunk.lights_physical_pars_fragment;
// Light scatters in skin and wraps around it, red light furthest.
const SKIN_LIGHT = LIGHT.replace(
  "reflectedLight.directDiffuse += irradiance *",
  `const vec3 way = vec3( 0.36, 0.2, 0.15 );
  float facing = dot( geometryNormal, directLight.direction );
  vec3 round = directLight.color * saturate( ( facing + way ) / ( 1.0 + way ) );
  reflectedLight.directDiffuse += round *`,
);
// Light from behind the head does not reach the inside of the mouth.
const MOUTH_LIGHT = LIGHT.replace(
  "vec3 irradiance = dotNL *",
  "vec3 irradiance = dotNL * saturate( 2.0 * directLight.direction.z ) *",
);
const LIGHTS = { skin: SKIN_LIGHT, teeth: MOUTH_LIGHT, tongue: MOUTH_LIGHT };
// The alpha channel of a vertex colour is the share of light that reaches the vertex.
const SHADE = `
  reflectedLight.directDiffuse *= vColor.a;
  reflectedLight.directSpecular *= vColor.a * vColor.a;
  reflectedLight.indirectDiffuse *= vColor.a;
  reflectedLight.indirectSpecular *= vColor.a * vColor.a;`;

/** Return the material of a part, with its own lighting. */
function makeMaterial(part) {
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

function orbitControls(camera, canvas) {
  const orbit = new OrbitControls(camera, canvas);
  orbit.target.copy(LOOK_AT);
  orbit.enablePan = false;
  orbit.enableDamping = true;
  orbit.dampingFactor = 0.12;
  orbit.minPolarAngle = Math.PI * 0.22;
  orbit.maxPolarAngle = Math.PI * 0.72;
  return orbit;
}

/** Convert steps of all x, then all y, then all z to positions [x, y, z, x, ...] in mm. */
function unplane(steps, size) {
  const n = steps.length / 3;
  const positions = new Float32Array(steps.length);
  for (let i = 0; i < n; i++) {
    for (let axis = 0; axis < 3; axis++) positions[3 * i + axis] = steps[axis * n + i] * size;
  }
  return positions;
}

/** Return unit normals: means of the triangles' normals, weighted by area. */
function normalsOf(positions, index) {
  const geometry = new BufferGeometry();
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.computeVertexNormals();
  return geometry.attributes.normal.array;
}

/** Return what a control at 1 adds to the normals. */
function normalDeltas(positions, delta, normals, index) {
  const moved = normalsOf(positions.map((position, i) => position + delta[i]), index);
  return moved.map((normal, i) => normal - normals[i]);
}

/**
 * Return linear RGBA colours; alpha is the share of light that reaches the vertex. Nothing else
 * shades the inside of the mouth, which is recognised by its colour: red with hardly any green.
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

/** Convert a byte of sRGB to linear light, 0..1. */
function linear(byte) {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** Step smoothly from 0 to 1. */
function smooth(share) {
  const x = Math.min(Math.max(share, 0), 1);
  return x * x * (3 - 2 * x);
}
