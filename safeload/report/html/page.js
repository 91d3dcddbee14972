"use strict";
// Which panels are shown? Without this script all of them are, and the form is not.
(() => {
  const form = document.getElementById("filter");
  const files = [...document.querySelectorAll("details.file")];

  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }
  addEventListener("hashchange", openTarget);
  openTarget();

  // On paper nothing can be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });

  if (!form) return;
  const shown = document.getElementById("shown");
  const texts = new Map();
  let waiting = 0;

  function textOf(file) {
    if (!texts.has(file)) texts.set(file, file.textContent.toLowerCase());
    return texts.get(file);
  }

  function update() {
    const verdicts = new Set(new FormData(form).getAll("verdict"));
    const rule = form.elements.rule.value;
    const words = form.elements.text.value.toLowerCase().split(" ").filter(Boolean);
    let count = 0;
    for (const file of files) {
      const rules = (file.dataset.rules || "").split(" ");
      file.hidden = !(
        verdicts.has(file.dataset.verdict) &&
        (!rule || rules.includes(rule)) &&
        words.every((word) => textOf(file).includes(word))
      );
      count += file.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${files.length} shown`;
  }

  // Whoever types or hears the count is not to be interrupted at each letter.
  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(update, 200);
  }

  form.addEventListener("input", later);
  form.addEventListener("reset", later);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    update();
  });
  document.getElementById("open").addEventListener("click", () => {
    for (const file of files) if (!file.hidden) file.open = true;
  });
  document.getElementById("close").addEventListener("click", () => {
    for (const file of files) file.open = false;
  });
  form.hidden = false;
  update();
})();
