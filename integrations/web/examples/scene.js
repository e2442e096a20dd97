// A scene of three.js with an avatar that follows the controls by its own names: ARKit's, visemes, vowels.

import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { Mapping } from "../avatar.js";

/** Load an avatar into the page; return `pose(names, controls)`. The page's background shows through. */
export async function show(address) {
  const renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
  document.body.append(renderer.domElement);
  const scene = new THREE.Scene();
  const sun = new THREE.DirectionalLight(0xffffff, 2);
  sun.position.set(1, 1, 2);
  scene.add(new THREE.HemisphereLight(0xffffff, 0x998877, 2), sun);
  const camera = new THREE.PerspectiveCamera(20, 1, 0.01, 100);
  const { scene: avatar } = await new GLTFLoader().loadAsync(address);
  scene.add(avatar);
  lookAt(camera, avatar);
  const meshes = [];
  avatar.traverse((object) => object.morphTargetDictionary && meshes.push(object));
  const shapes = [...new Set(meshes.flatMap((mesh) => Object.keys(mesh.morphTargetDictionary)))];
  const resize = () => {
    renderer.setSize(innerWidth, innerHeight);
    camera.aspect = innerWidth / innerHeight;
    camera.updateProjectionMatrix();
  };
  addEventListener("resize", resize);
  resize();
  renderer.setAnimationLoop(() => renderer.render(scene, camera));
  let mapping = null;
  return (names, controls) => {
    mapping ??= new Mapping(names, shapes);
    const weights = mapping.weights(controls);
    for (const { morphTargetDictionary, morphTargetInfluences } of meshes) {
      shapes.forEach((shape, at) => {
        const index = morphTargetDictionary[shape];
        if (index !== undefined && mapping.used.has(shape)) morphTargetInfluences[index] = weights[at];
      });
    }
  };
}

/** Point the camera at the avatar's head: the bone of that name, or the middle of a head without bones. */
function lookAt(camera, avatar) {
  const box = new THREE.Box3().setFromObject(avatar);
  const place = box.getCenter(new THREE.Vector3());
  const bone = avatar.getObjectByName("Head");
  const height = bone ? 0.3 : box.getSize(new THREE.Vector3()).y;
  if (bone) bone.getWorldPosition(place).add(new THREE.Vector3(0, 0.08, 0));
  camera.position.copy(place).add(new THREE.Vector3(0, 0, 3.4 * height));
  camera.lookAt(place);
}
