// A figure opens in the page, as large as it was drawn; without this script its link leads there.
(function () {
  "use strict";

  function open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const image = event.currentTarget.querySelector("img");
    const dialog = document.createElement("dialog");
    dialog.className = "course-enlarged";
    dialog.setAttribute("aria-label", "Figure");
    const around = document.createElement("div");
    around.tabIndex = 0; // the arrow keys scroll it
    const large = new Image();
    large.src = image.src;
    large.alt = image.alt;
    around.append(large);
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    dialog.append(close, around);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  for (const link of document.querySelectorAll("a.course-figure")) {
    link.addEventListener("click", open);
  }

  // What scrolls sideways must be reached by the keyboard.
  function reachable() {
    for (const box of document.querySelectorAll("pre, .cell_output .output")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  }
  reachable();
  window.addEventListener("resize", reachable);
})();
