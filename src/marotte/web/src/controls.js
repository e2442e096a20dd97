// What is pressed, chosen and dropped on the live page, in; what to do, out.

const element = (id) => document.getElementById(id);

/** @param on what to call: `toggle()`, `record()`, `play(file)`, `choose()` */
export function listen(on) {
  const file = element("file");
  element("mic").addEventListener("click", on.toggle);
  element("record").addEventListener("click", on.record);
  element("open").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files.length) on.play(file.files[0]);
    file.value = "";
  });
  for (const id of ["student", "smooth"]) element(id).addEventListener("change", on.choose);
  listenToKeys({ " ": on.toggle, r: on.record, o: () => file.click() });
  listenToDrops(on.play);
}

function listenToKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const action = actions[event.key.toLowerCase()];
    // A button or a choice that has the focus keeps its keys.
    if (!action || event.target.closest("button, select, input")) return;
    event.preventDefault();
    action();
  });
}

function listenToDrops(play) {
  const over = (is) => document.body.classList.toggle("dropping", is);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || over(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (event.dataTransfer.files.length) play(event.dataTransfer.files[0]);
  });
}
