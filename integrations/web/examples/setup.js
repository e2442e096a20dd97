// Reads the page's address: ?three=ADDRESS is where three.js is, a folder as npm installs it. The examples
// load other people's programs from the addresses that you give, and from nowhere else.

const parameters = new URLSearchParams(location.search);

/** Add an import map for three.js; must run before any module. */
function mapThree() {
  const base = new URL(`${parameters.get("three")}/`.replace(/\/+$/, "/"), location.href).href;
  const map = document.createElement("script");
  map.type = "importmap";
  map.textContent = JSON.stringify({
    imports: { three: `${base}build/three.module.js`, "three/addons/": `${base}examples/jsm/` },
  });
  document.head.append(map);
}

/** Ask for what the address lacks, and return whether it is complete. `names` has a hint for each. */
function complete(names) {
  const missing = Object.keys(names).filter((name) => !parameters.get(name));
  if (!missing.length) return true;
  const form = document.createElement("form");
  form.innerHTML = "<p>This page loads other programs only from the addresses that you give:</p>";
  for (const [name, hint] of Object.entries(names)) {
    const input = Object.assign(document.createElement("input"), { name, required: true, placeholder: hint });
    input.value = parameters.get(name) ?? "";
    input.size = 60;
    const label = document.createElement("label");
    label.append(`${name} `, input);
    const line = document.createElement("p");
    line.append(label);
    form.append(line);
  }
  form.append(Object.assign(document.createElement("button"), { textContent: "Open" }));
  addEventListener("DOMContentLoaded", () => document.body.append(form));
  return false;
}

if (parameters.get("three")) mapThree();
