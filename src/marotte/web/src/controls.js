// The live page's controls: buttons, keys, menus and dropped files call what they stand for.

const element = (id) => document.getElementById(id);

/** @param on callbacks: `toggle()`, `record()`, `play(file)`, `choose()` */
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
    // A button, menu or box with the focus handles these keys itself; a slider has no use for them.
    if (!action || event.target.closest("button, select, input:not([type=range])")) return;
    event.preventDefault();
    action();
  });
}

function listenToDrops(play) {
  const setDropping = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    setDropping(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || setDropping(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    setDropping(false);
    if (event.dataTransfer.files.length) play(event.dataTransfer.files[0]);
  });
}
