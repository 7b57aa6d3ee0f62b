"use strict";

// Sorting: a click on a heading, once up, once down.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.parentElement;
    const body = heading.closest("table").tBodies[0];
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => row.cells[column].textContent.trim().replace("−", "-").replace("< ", "");
    const numeric = heading.classList.contains("number");
    const compare = (a, b) => numeric
      ? (parseFloat(value(a)) || 0) - (parseFloat(value(b)) || 0)
      : value(a).localeCompare(value(b));
    body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * compare(a, b)));
  });
}

// Filters: everything that carries the key is hidden unless it has the value.
const filters = [...document.querySelectorAll("[data-filter]")];
const fits = (data) => filters.every((filter) => {
  const value = data[filter.dataset.filter];
  return filter.value === "" || value === undefined || value === filter.value;
});
const applyFilters = () => {
  for (const item of document.querySelectorAll("[data-dataset]")) item.hidden = !fits(item.dataset);
};
for (const filter of filters) filter.addEventListener("change", applyFilters);

// Gallery: a list of cases, and one case to step through.
const stage = document.querySelector(".stage");
if (stage) {
  const cases = JSON.parse(document.getElementById("cases").textContent);
  const buttons = [...document.querySelectorAll(".gallery li button")];
  const picture = stage.querySelector("svg");
  const [title, counter] = [stage.querySelector("h3"), stage.querySelector("output")];
  const [back, forward] = stage.querySelectorAll(".steps button");
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  let [shown, step] = [0, 0];
  const draw = () => {
    const one = cases[shown];
    const now = one.steps[step];
    const size = Math.max(one.width, one.height) / 60;
    picture.setAttribute("viewBox", `-0.5 -0.5 ${one.width} ${one.height}`);
    const source = document.getElementById(one.picture)?.textContent ?? "";
    const parts = [
      make("image", { href: source, x: -0.5, y: -0.5, width: one.width, height: one.height, preserveAspectRatio: "none" }),
      make("path", { class: "truth", d: one.truth }),
      make("path", { class: "prediction", d: now.outline, "fill-rule": "evenodd" }),
    ];
    for (const [x0, y0, x1, y1] of now.boxes) {
      parts.push(make("rect", { class: "box", x: x0 - 0.5, y: y0 - 0.5, width: x1 - x0 + 1, height: y1 - y0 + 1 }));
    }
    for (const [x, y, on] of now.clicks) {
      const click = make("g", { class: on ? "click on" : "click off", transform: `translate(${x} ${y}) scale(${size})` });
      click.append(make("circle", { r: 0.8 }), make("path", { d: on ? "M-.45 0H.45M0-.45V.45" : "M-.45 0H.45" }));
      parts.push(click);
    }
    picture.replaceChildren(...parts);
    const words = `${one.title}: ${now.prompts} of ${one.steps.at(-1).prompts} prompts, IoU ${now.iou.toFixed(3)}`;
    picture.setAttribute("aria-label", words);
    title.textContent = one.title;
    counter.textContent = `${now.prompts} of ${one.steps.at(-1).prompts} prompts · IoU ${now.iou.toFixed(3)}`;
    back.disabled = step === 0;
    forward.disabled = step === one.steps.length - 1;
    buttons.forEach((button, index) => button.setAttribute("aria-current", index === shown));
  };
  const move = (by) => {
    step = Math.min(Math.max(step + by, 0), cases[shown].steps.length - 1);
    draw();
  };
  buttons.forEach((button, index) => button.addEventListener("click", () => {
    [shown, step] = [index, cases[index].steps.length - 1];
    draw();
  }));
  back.addEventListener("click", () => move(-1));
  forward.addEventListener("click", () => move(1));
  document.querySelector(".gallery").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); move(by); }
    const next = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const visible = buttons.filter((button) => !button.parentElement.hidden);
    const place = visible.indexOf(buttons[shown]) + next;
    if (next && visible[place]) { event.preventDefault(); visible[place].focus(); visible[place].click(); }
  });
  buttons[0].click();
}
